"""How long the largest dataset takes: python tests/unit/coverage_load.py [how many times longer its texts are]

10,000 training records, 1,000 of validation and 1,000 of evaluation data, one in five of them Japanese, are made of
random words that are as unequally frequent as those of a language. Prints seconds and the process's peak memory.
"""

import json
import resource
import sys
from time import perf_counter

import numpy as np
from finetuning.coverage import Example, measure

RANDOM = np.random.default_rng(0)
LETTERS = list("etaoinshrdlcumwfgypbvk")
ENGLISH = ["".join(RANDOM.choice(LETTERS, RANDOM.integers(2, 10))) for _ in range(20_000)]
JAPANESE = ["".join(map(chr, RANDOM.integers(0x4E00, 0x5400, RANDOM.integers(1, 4)))) for _ in range(20_000)]


def text(words: int, vocabulary: list[str], separator: str) -> str:
    chosen = np.minimum(RANDOM.zipf(1.2, words), len(vocabulary)) - 1
    return separator.join(vocabulary[place] for place in chosen)


def examples(number: int, longer: int) -> list[Example]:
    kinds = [(JAPANESE, "") if RANDOM.random() < 0.2 else (ENGLISH, " ") for _ in range(number)]
    return [
        Example(text(12 * longer, *kind), text(50 * longer, *kind), f"topic {place % 50}")
        for place, kind in enumerate(kinds)
    ]


if __name__ == "__main__":
    longer = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    files = examples(10_000, longer), examples(1_000, longer), examples(1_000, longer)
    began = perf_counter()
    measure(*files)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(perf_counter() - began, 1), "megabytes": round(peak)}))  # noqa: T201
