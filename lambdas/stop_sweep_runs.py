"""StopSweepRuns: the guard of sweeps, run whenever one ends without success and every 5 minutes.

It stops the runs that such a sweep has left; what they leave in turn the guard of runs removes.
"""

import logging
import os
from collections.abc import Mapping
from typing import Any

from finetuning.errors import ReapIncompleteError
from finetuning.services import services
from finetuning.sweep.guard import stop_runs

logger = logging.getLogger("bedrock-ft")
logger.setLevel(logging.INFO)


def handler(event: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """event: what EventBridge sends; whatever it says, all sweeps are looked at.

    Raises ReapIncompleteError after all that could be done was done.
    """
    logger.info("started", extra={"task": __name__, "because": event.get("detail-type", "asked by a person")})
    stopped, problems = stop_runs(services, os.environ["SWEEP_STATE_MACHINE_ARN"], os.environ["RESULTS_BUCKET"])
    logger.info("looked", extra={"task": __name__, "stopped": stopped, "problems": problems})
    if problems:
        raise ReapIncompleteError("Not every run of an ended sweep could be stopped; the next look tries.", problems)
    return {"stopped": stopped}
