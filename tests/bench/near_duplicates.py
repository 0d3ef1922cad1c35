"""How the search for repeated questions grows with the number of records; `make bench`. Draws docs/near-duplicates.svg.

The records are made up (records.py). Beside the search stands the comparison of all pairs, which says what there is to
be found. Seconds are of the processor, so that other programs matter little; the best of several rounds counts.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from time import process_time

import numpy as np
from finetuning.near_duplicates import Pairs, either, similar_pairs
from finetuning.repetition import COPIED_ANSWER, SAME_QUESTION
from finetuning.report.charts.drawing import Scale, curve, dot, grid, label, line, picture
from finetuning.report.markup import Html, element
from finetuning.similarity import Vectors, blocks, vectors
from records import Maker
from rich.console import Console
from rich.table import Table

RECORDS = (625, 1_250, 2_500, 5_000, 10_000)
ROUNDS = 3
# The search takes n log n steps: per n log n its time must not rise. So much may be chance.
TOLERANCE = 1.5
PICTURE = Path(__file__).parents[2] / "docs" / "near-duplicates.svg"
STYLE = """
svg { font-family: sans-serif; color-scheme: light dark; }
text { fill: light-dark(#565d69, #a4acb9); font-size: 13px; text-anchor: middle; }
text.start { text-anchor: start; }
text.end { text-anchor: end; }
line { stroke: light-dark(#dde1e7, #333943); }
polyline { fill: none; stroke-width: 2; }
polyline.search { stroke: light-dark(#1f5fbf, #7fb0f5); }
polyline.all { stroke: light-dark(#6f7786, #98a1b0); }
circle.search { fill: light-dark(#1f5fbf, #7fb0f5); }
circle.all { fill: light-dark(#6f7786, #98a1b0); }
"""


@dataclass(frozen=True)
class Measurement:
    """Of so many records: pairs that there are and that the search found, and the seconds that both ways take."""

    records: int
    pairs: int
    found: int
    seconds: float
    all_seconds: float

    def scaled(self, seconds: float) -> float:
        """Microseconds per n log2 n."""
        return seconds * 1e6 / (self.records * log2(self.records))


def measure(number: int) -> Measurement:
    examples = Maker().examples(number)

    def rows() -> list[tuple[Vectors, float]]:
        (of_questions,) = vectors([example.question for example in examples])
        (of_answers,) = vectors([example.answer for example in examples])
        return [(of_questions, SAME_QUESTION), (of_answers, COPIED_ANSWER)]

    def search() -> list[Pairs]:
        return [similar_pairs(of_texts, threshold) for of_texts, threshold in rows()]

    def compare_all() -> list[Pairs]:
        return [all_pairs(of_texts, threshold) for of_texts, threshold in rows()]

    seconds, found = timed(search, ROUNDS)
    all_seconds, every = timed(compare_all, 1)
    common = [
        len(one.later) + len(other.later) - len(either(one, other).later)
        for one, other in zip(found, every, strict=True)
    ]
    return Measurement(number, sum(len(pairs.later) for pairs in every), sum(common), seconds, all_seconds)


def all_pairs(of_texts: Vectors, threshold: float) -> Pairs:
    later, earlier = [], []
    for first, similarities in blocks(of_texts, of_texts):
        rows, columns = np.nonzero(similarities >= threshold)
        before = columns < rows + first
        later.append(rows[before] + first)
        earlier.append(columns[before])
    return Pairs(np.concatenate(later), np.concatenate(earlier))


def timed(work: Callable[[], list[Pairs]], rounds: int) -> tuple[float, list[Pairs]]:
    best, done = float("inf"), []
    for _ in range(rounds):
        began = process_time()
        done = work()
        best = min(best, process_time() - began)
    return best, done


def drawing(measured: Sequence[Measurement]) -> Html:
    search = [each.scaled(each.seconds) for each in measured]
    every = [each.scaled(each.all_seconds) for each in measured]
    x = Scale(0, measured[-1].records, 70, 500)
    y = Scale(0, max(*search, *every) * 1.1, 240, 30)
    drawn: list[Html] = []
    for class_, values, name in (("search", search, "MinHash"), ("all", every, "all pairs")):
        points = [(x(each.records), y(value)) for each, value in zip(measured, values, strict=True)]
        drawn += [curve(points, class_), *(dot(*point, 3, class_) for point in points)]
        drawn.append(label(points[-1][0] + 8, points[-1][1] + 4, name, "start"))
    svg = picture(
        "near-duplicates",
        "Time of the search for repeated questions per n log n",
        580,
        290,
        element("style", Html(STYLE)),
        *grid(y, x.start, x.end, 4),
        line(x.start, y(0), x.end, y(0), "axis"),
        *(label(x(each.records), 258, f"{each.records:,}") for each in measured[2:]),
        label((x.start + x.end) / 2, 280, "records (n)"),
        label(x.start - 40, 18, "microseconds per n log n", "start"),
        *drawn,
    )
    # A file of its own must say what it is; inside a page it need not.
    return Html(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n")


def main() -> int:
    measured = [measure(number) for number in RECORDS]
    table = Table("records", "pairs", "found", "seconds", "µs per n log n", "all pairs, seconds", "µs per n log n")
    for each in measured:
        table.add_row(
            f"{each.records:,}",
            f"{each.pairs:,}",
            f"{each.found / each.pairs:.1%}",
            f"{each.seconds:.2f}",
            f"{each.scaled(each.seconds):.1f}",
            f"{each.all_seconds:.2f}",
            f"{each.scaled(each.all_seconds):.1f}",
        )
    Console().print(table)
    PICTURE.write_text(drawing(measured), encoding="utf-8")
    last, *earlier = [each.scaled(each.seconds) for each in reversed(measured)]
    return int(last > TOLERANCE * min(earlier))


if __name__ == "__main__":
    sys.exit(main())
