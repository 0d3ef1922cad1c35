"""The failure path: delete the host, until it is gone; stop the job; report, tell, and end as failed.

Nothing on it keeps it from reaching its end: what fails here stays in `$.cleanupFailure`, and the next state follows.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct
from finetuning.base_models import Hosting

from stacks.hosting import HOST_NAMES, HostNames, by_hosting, until_gone
from stacks.states import LAST_TASK, is_string, task

AFTER_FAILURE = " (after failure)"


def failure_path(
    scope: Construct, functions: Mapping[str, lambda_.Function], hostings: Sequence[Hosting]
) -> sfn.IChainable:
    """Its first state. `$.failure` must hold what was caught: {"Error", "Cause"}; a Catch need not give a Cause.

    The execution ends with the cause that the report works out: the state that failed, why, and what to do.
    """
    capture = sfn.Pass(
        scope,
        "CaptureFailedState",
        parameters={"state": sfn.JsonPath.string_at(f"${LAST_TASK}")},
        result_path="$.failedAt",
    )
    stop_job = task(scope, "StopCustomizationJob", functions["stop_customization_job"], result_path="$.stoppedJob")
    write_report = task(scope, "WriteReport (after failure)", functions["write_report"], result_path="$.report")
    notify = task(scope, "Notify (after failure)", functions["notify"])
    reported = sfn.Choice(scope, "CauseReported?")
    failed = sfn.Fail(scope, "ExperimentFailed", error_path="$.failure.Error", cause_path="$.report.cause")
    failed_unreported = sfn.Fail(
        scope, "ExperimentFailedUnreported", error_path="$.failure.Error", cause_path=_unreported_cause()
    )

    deletions = {hosting: _deletion(scope, functions, HOST_NAMES[hosting], then=stop_job) for hosting in hostings}
    capture.next(by_hosting(scope, f"HostedOnDemand?{AFTER_FAILURE}", deletions))
    for state, following in ((stop_job, write_report), (write_report, notify), (notify, reported)):
        state.add_catch(following, result_path="$.cleanupFailure").next(following)
    reported.when(is_string("$.report.cause"), failed).otherwise(failed_unreported)
    return capture


def _deletion(
    scope: Construct, functions: Mapping[str, lambda_.Function], host: HostNames, then: sfn.IChainable
) -> sfn.IChainable:
    # Apart from what the main path knows of a deletion: a broken answer must not take that away.
    part = "$.cleanup"
    state = f"Delete{host.resource}{AFTER_FAILURE}"
    delete = task(scope, state, functions[f"delete_{host.task}"], result_path=part, persistent=True)
    delete.add_catch(then, result_path="$.cleanupFailure")
    return until_gone(scope, host, delete, part, then=then, otherwise=then, suffix=AFTER_FAILURE)


def _unreported_cause() -> str:
    return sfn.JsonPath.format(
        "{} failed: {} The report could not be written. What to do: see in the Bedrock console that no Provisioned "
        "Throughput or custom model deployment of this run is left, mend what the message names, then start a new "
        "execution.",
        sfn.JsonPath.string_at("$.failedAt.state"),
        sfn.JsonPath.json_to_string(sfn.JsonPath.object_at("$.failure")),
    )
