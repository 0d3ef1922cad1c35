"""The failure path: delete the throughput, until it is gone; stop the job; report, tell, and end as failed.

Nothing on it keeps it from reaching its end: what fails here stays in `$.cleanupFailure`, and the next state follows.
"""

from collections.abc import Mapping

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.states import is_true, task, wait


def failure_path(scope: Construct, functions: Mapping[str, lambda_.Function]) -> sfn.IChainable:
    """Its first state. `$.failure` must hold the {"Error", "Cause"} that the execution will end with."""
    delete = task(
        scope,
        "DeleteProvisionedThroughput (after failure)",
        functions["delete_provisioned_throughput"],
        result_path="$.deletion",
        persistent=True,
    )
    gone = sfn.Choice(scope, "ThroughputGone? (after failure)")
    wait_until_gone = wait(scope, "WaitUntilThroughputIsGone (after failure)", "$.deletion.waitSeconds")
    stop_job = task(scope, "StopCustomizationJob", functions["stop_customization_job"], result_path="$.stoppedJob")
    write_report = task(scope, "WriteReport (after failure)", functions["write_report"], result_path="$.report")
    notify = task(scope, "Notify (after failure)", functions["notify"])
    failed = sfn.Fail(scope, "ExperimentFailed", error_path="$.failure.Error", cause_path="$.failure.Cause")

    delete.add_catch(stop_job, result_path="$.cleanupFailure").next(gone)
    gone.when(is_true("$.deletion.gone"), stop_job).otherwise(wait_until_gone.next(delete))
    for state, following in ((stop_job, write_report), (write_report, notify), (notify, failed)):
        state.add_catch(following, result_path="$.cleanupFailure").next(following)
    return delete
