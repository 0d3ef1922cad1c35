"""How long a run's comparison of the largest dataset takes; `make bench`, or with [times longer] for longer texts.

10,000 training records, 1,000 of validation and 1,000 of evaluation data (records.py), with texts of the usual length,
or so many times longer. Prints seconds and the process's peak memory.
"""

import json
import resource
import sys
from time import perf_counter

from finetuning.coverage import measure
from records import Maker

if __name__ == "__main__":
    maker = Maker(longer=int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    files = maker.examples(10_000), maker.examples(1_000), maker.examples(1_000)
    began = perf_counter()
    measure(*files)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(perf_counter() - began, 1), "megabytes": round(peak)}))  # noqa: T201
