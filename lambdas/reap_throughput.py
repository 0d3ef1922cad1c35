"""ReapThroughput: the guard outside of all executions, run whenever one ends and every 5 minutes.

No task of the state machine: an execution that was aborted or timed out cannot clean up after itself.
"""

import logging
import os
from collections.abc import Mapping
from typing import Any

from finetuning.base_models import base_model
from finetuning.errors import ReapIncompleteError
from finetuning.reaper import Reaper
from finetuning.services import services

logger = logging.getLogger("bedrock-ft")
logger.setLevel(logging.INFO)
# Instead of boto3's 5: the next look tries again, one call that hangs must leave time for all others, and of an order
# whose answer was lost a second attempt would only hear that there is nothing to order any more.
os.environ.setdefault("AWS_MAX_ATTEMPTS", "1")


def handler(event: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """event: what EventBridge sends; whatever it says, everything is looked at.

    Raises ReapIncompleteError after all that could be done was done.
    """
    logger.info("started", extra={"task": __name__, "because": event.get("detail-type", "asked by a person")})
    findings = Reaper(
        bedrock=services.bedrock,
        stepfunctions=services.stepfunctions,
        s3=services.s3_in_haste,
        sns=services.sns,
        clock=services.clock,
        environment=services.environment,
        model=base_model(os.environ["BASE_MODEL"]),
        state_machine_arn=os.environ["STATE_MACHINE_ARN"],
        results_bucket=os.environ["RESULTS_BUCKET"],
        topic_arn=os.environ["TOPIC_ARN"],
    ).reap()
    found = findings.to_json()
    logger.info("looked", extra={"task": __name__, **found})
    if findings.problems:
        raise ReapIncompleteError(
            "The guard could not see or do everything; it tries again in 5 minutes.", findings.problems
        )
    return found
