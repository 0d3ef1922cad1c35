"""The sweep's stack: a flow that waits for every run, and roles that reach its runs and nothing else."""

from collections.abc import Iterator
from typing import Any

from finetuning.base_models import BASE_MODELS

from stacks.assembly import Assembly, all_states, resources

NEVER = {"bedrock", "iam", "dynamodb"}


def allowed(assembly: Assembly) -> Iterator[tuple[str, str, Any]]:
    """Function, action and resource of every statement, but for logs and traces."""
    for role in resources(assembly.sweep, "AWS::IAM::Role").values():
        name = str(role["Description"]).rpartition(" ")[2]
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                actions, found = statement["Action"], statement["Resource"]
                for action in actions if isinstance(actions, list) else [actions]:
                    for resource in found if isinstance(found, list) else [found]:
                        if not action.startswith(("logs:", "xray:")):
                            yield name.removeprefix(f"{assembly.base_model_key}-ft-sweep-"), action, resource


def test_runs_are_started_a_few_at_a_time_and_waited_for(assembly: Assembly) -> None:
    states = dict(all_states(assembly.sweep_definition))

    assert states["TrainRuns"]["MaxConcurrencyPath"] == "$.sweep.atOnce"
    # Each may need the one model unit that an account has.
    assert states["EvaluateRuns"]["MaxConcurrency"] == 1
    for phase in ("train", "evaluate"):
        done, again = states[f"SweepRunEnded? ({phase})"]["Choices"]
        assert done["And"][1] == {"Variable": "$.progress.running", "BooleanEquals": False}
        assert again["Next"] == f"WaitForSweepRun ({phase})"


def test_one_function_starts_runs_and_one_stops_them_each_only_experiments(assembly: Assembly) -> None:
    found = list(allowed(assembly))

    assert {name for name, action, _ in found if action == "states:StartExecution"} == {"start-sweep-run"}
    assert {name for name, action, _ in found if action == "states:StopExecution"} == {"stop-sweep-runs"}
    started = [str(resource) for _, action, resource in found if action == "states:StartExecution"]
    assert len(started) == len(BASE_MODELS)
    assert all(any(f"{key}-ft-experiment" in each for each in started) for key in BASE_MODELS)
    assert not any("*" in each for each in started)
    assert not {action.partition(":")[0] for _, action, _ in found} & NEVER


def test_the_guard_hears_of_every_bad_end_and_looks_every_five_minutes(assembly: Assembly) -> None:
    rules = list(resources(assembly.sweep, "AWS::Events::Rule").values())

    schedules = [rule["ScheduleExpression"] for rule in rules if "ScheduleExpression" in rule]
    (pattern,) = [rule["EventPattern"] for rule in rules if "EventPattern" in rule]
    assert schedules == ["rate(5 minutes)"]
    assert pattern["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
