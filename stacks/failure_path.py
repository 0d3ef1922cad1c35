"""The failure path: delete the throughput, until it is gone; stop the job; report, tell, and end as failed.

Nothing on it keeps it from reaching its end: what fails here stays in `$.cleanupFailure`, and the next state follows.
"""

from collections.abc import Mapping

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.states import LAST_TASK, is_number, is_string, is_true, task, wait


def failure_path(scope: Construct, functions: Mapping[str, lambda_.Function]) -> sfn.IChainable:
    """Its first state. `$.failure` must hold what was caught: {"Error", "Cause"}; a Catch need not give a Cause.

    The execution ends with the cause that the report works out: the state that failed, why, and what to do.
    """
    capture = sfn.Pass(
        scope,
        "CaptureFailedState",
        parameters={"state": sfn.JsonPath.string_at(f"${LAST_TASK}")},
        result_path="$.failedAt",
    )
    delete = task(
        scope,
        "DeleteProvisionedThroughput (after failure)",
        functions["delete_provisioned_throughput"],
        # Apart from what the main path knows of a deletion: a broken answer must not take that away.
        result_path="$.cleanup",
        persistent=True,
    )
    gone = sfn.Choice(scope, "ThroughputGone? (after failure)")
    wait_until_gone = wait(scope, "WaitUntilThroughputIsGone (after failure)", "$.cleanup.waitSeconds")
    stop_job = task(scope, "StopCustomizationJob", functions["stop_customization_job"], result_path="$.stoppedJob")
    write_report = task(scope, "WriteReport (after failure)", functions["write_report"], result_path="$.report")
    notify = task(scope, "Notify (after failure)", functions["notify"])
    reported = sfn.Choice(scope, "CauseReported?")
    failed = sfn.Fail(scope, "ExperimentFailed", error_path="$.failure.Error", cause_path="$.report.cause")
    failed_unreported = sfn.Fail(
        scope, "ExperimentFailedUnreported", error_path="$.failure.Error", cause_path=_unreported_cause()
    )

    capture.next(delete)
    delete.add_catch(stop_job, result_path="$.cleanupFailure").next(gone)
    gone.when(is_true("$.cleanup.gone"), stop_job)
    gone.when(is_number("$.cleanup.waitSeconds"), wait_until_gone.next(delete)).otherwise(stop_job)
    for state, following in ((stop_job, write_report), (write_report, notify), (notify, reported)):
        state.add_catch(following, result_path="$.cleanupFailure").next(following)
    reported.when(is_string("$.report.cause"), failed).otherwise(failed_unreported)
    return capture


def _unreported_cause() -> str:
    return sfn.JsonPath.format(
        "{} failed: {} The report could not be written. What to do: see in the Bedrock console that no Provisioned "
        "Throughput of this run is left, mend what the message names, then start a new execution.",
        sfn.JsonPath.string_at("$.failedAt.state"),
        sfn.JsonPath.json_to_string(sfn.JsonPath.object_at("$.failure")),
    )
