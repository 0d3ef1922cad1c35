"""The flow as a graph: what follows what, and what cannot be reached without what."""

import re
from collections.abc import Collection, Iterator

from stacks.assembly import Assembly, Definition, State, all_states, resources

FAILURE_PATH_START = "CaptureFailedState"
# Whichever way the run is hosted: a Choice only where the base model has both.
BY_HOSTING = "HostedOnDemand?"


def hosts(assembly: Assembly) -> dict[str, str]:
    """Of each kind of host that the definition has: how its tasks call it, and its Choices."""
    words = {"ProvisionedThroughput": "Throughput", "CustomModelDeployment": "Deployment"}
    return {host: short for host, short in words.items() if f"Create{host}" in assembly.definition["States"]}


def creating(assembly: Assembly) -> set[str]:
    return {f"Create{host}" for host in hosts(assembly)}


def deleting_after_failure(assembly: Assembly) -> set[str]:
    return {f"Delete{host} (after failure)" for host in hosts(assembly)}


def test_a_base_model_has_the_hosts_of_its_entry(claude: Assembly, nova: Assembly, on_demand: Assembly) -> None:
    assert list(hosts(claude)) == ["ProvisionedThroughput"]
    assert list(hosts(nova)) == ["ProvisionedThroughput", "CustomModelDeployment"]
    assert list(hosts(on_demand)) == ["CustomModelDeployment"]
    for state in (BY_HOSTING, f"{BY_HOSTING} (answered)", f"{BY_HOSTING} (after failure)"):
        (on_demand_rule,) = nova.definition["States"][state]["Choices"]
        assert on_demand_rule["And"][1] == {"Variable": "$.run.hosting", "StringEquals": "onDemand"}
        assert "CustomModelDeployment" in on_demand_rule["Next"]
        assert "ProvisionedThroughput" in nova.definition["States"][state]["Default"]


def test_states_are_named_after_their_handlers(assembly: Assembly) -> None:
    functions = resources(assembly.workflow, "AWS::Lambda::Function")
    for name, state in _tasks(assembly.definition):
        handler = functions[state["Resource"].rsplit(":", 1)[1]]["Handler"].removesuffix(".handler")
        pascal_case = "".join(word.capitalize() for word in handler.split("_"))
        assert re.fullmatch(rf"{pascal_case}( \((base|custom|after failure)\))?", name)


def test_every_function_but_the_guards_is_used(assembly: Assembly) -> None:
    used = {state["Resource"].rsplit(":", 1)[1] for _, state in _tasks(assembly.definition)}
    functions = resources(assembly.workflow, "AWS::Lambda::Function")

    assert {functions[name]["Handler"] for name in functions.keys() - used} == {"reap_throughput.handler"}


def test_every_task_retries_and_outlasts_its_function(assembly: Assembly) -> None:
    functions = resources(assembly.workflow, "AWS::Lambda::Function")
    for name, state in _tasks(assembly.definition):
        (retry,) = state["Retry"]
        assert {"TransientError", "States.Timeout"} <= set(retry["ErrorEquals"]) or name in deleting_after_failure(
            assembly
        )
        assert (retry["BackoffRate"], retry["JitterStrategy"]) == (2, "FULL")
        assert state["TimeoutSeconds"] > functions[state["Resource"].rsplit(":", 1)[1]]["Timeout"]


def test_deleting_after_a_failure_is_tried_whatever_the_error_for_ten_minutes(
    assembly: Assembly,
) -> None:
    for state in deleting_after_failure(assembly):
        (retry,) = assembly.definition["States"][state]["Retry"]
        assert (retry["ErrorEquals"], retry["MaxAttempts"]) == (["States.ALL"], 6)


def test_every_failure_of_the_main_path_leads_to_the_failure_path(assembly: Assembly) -> None:
    states = assembly.definition["States"]
    after_failure = _reachable(assembly.definition, FAILURE_PATH_START)
    for name in set(states) - after_failure:
        if states[name]["Type"] in ("Task", "Map") and name not in ("Notify", "DeleteCustomModel"):
            (catch,) = states[name]["Catch"]
            failed = {"lastTask": next(iter(states[name].get("ItemProcessor", {}).get("States", {name: {}})))}
            assert catch == {
                "ErrorEquals": ["States.ALL"],
                "ResultPath": "$.failure",
                "Assign": failed,
                "Next": FAILURE_PATH_START,
            }
            assert states[name]["Assign"] == failed


def test_what_a_choice_compares_is_there(assembly: Assembly) -> None:
    for rule in _rules(assembly.definition):
        present, compared = rule["And"]
        assert present == {"Variable": compared["Variable"], "IsPresent": True}


def test_a_broken_answer_leads_to_the_failure_path(assembly: Assembly) -> None:
    states = assembly.definition["States"]
    after_failure = _reachable(assembly.definition, FAILURE_PATH_START)

    for name in set(states) - after_failure:
        if states[name]["Type"] == "Choice" and not name.startswith((BY_HOSTING, "KeepCustomModel?")):
            assert states[name]["Default"] == "BrokenAnswer"
    assert states["BrokenAnswer"]["Next"] == FAILURE_PATH_START


def test_a_wait_follows_only_from_a_number_of_seconds(assembly: Assembly) -> None:
    waits = {name: state for name, state in assembly.definition["States"].items() if state["Type"] == "Wait"}
    following = [
        (name, following) for name, state in assembly.definition["States"].items() for following in _following(state)
    ]

    for name, state in waits.items():
        (choice,) = [before for before, after in following if after == name]
        (rule,) = [rule for rule in assembly.definition["States"][choice]["Choices"] if rule["Next"] == name]
        assert {"Variable": state["SecondsPath"], "IsNumeric": True} in rule["And"]


def test_a_verdict_stands_whether_or_not_its_model_can_be_deleted(assembly: Assembly) -> None:
    delete = assembly.definition["States"]["DeleteCustomModel"]

    assert [catch["Next"] for catch in delete["Catch"]] == [delete["Next"]] == ["WriteReport"]
    keep = assembly.definition["States"]["KeepCustomModel?"]
    (rule,) = keep["Choices"]
    assert rule["And"][1] == {"Variable": "$.run.keepCustomModel", "BooleanEquals": False}
    assert (rule["Next"], keep["Default"]) == ("DeleteCustomModel", "WriteReport")


def test_a_verdict_stands_whether_or_not_people_can_be_told(assembly: Assembly) -> None:
    notify = assembly.definition["States"]["Notify"]

    assert [catch["Next"] for catch in notify["Catch"]] == [notify["Next"]] == ["ExperimentEnded"]


def test_the_failure_path_deletes_first_and_ends_in_fail_whatever_happens(assembly: Assembly) -> None:
    states = assembly.definition["States"]
    after_failure = _reachable(assembly.definition, FAILURE_PATH_START)

    assert states[FAILURE_PATH_START] == {
        "Type": "Pass",
        "Parameters": {"state.$": "$lastTask"},
        "ResultPath": "$.failedAt",
        "Next": f"{BY_HOSTING} (after failure)" if len(hosts(assembly)) > 1 else min(deleting_after_failure(assembly)),
    }
    ends = {name for name in after_failure if not list(_following(states[name]))}
    assert ends == {"ExperimentFailed", "ExperimentFailedUnreported"}
    for name in after_failure - ends:
        assert ends <= _reachable(assembly.definition, name)
        if states[name]["Type"] == "Task":
            (catch,) = states[name]["Catch"]
            assert (catch["ErrorEquals"], catch["ResultPath"]) == (["States.ALL"], "$.cleanupFailure")
            assert catch["Next"] != name
    assert states["ExperimentFailed"] == {
        "Type": "Fail",
        "ErrorPath": "$.failure.Error",
        "CausePath": "$.report.cause",
    }
    assert states["CauseReported?"]["Default"] == "ExperimentFailedUnreported"


def test_a_run_over_budget_fails_and_has_bought_nothing(assembly: Assembly) -> None:
    states = assembly.definition["States"]

    yes, no = states["WithinBudget?"]["Choices"]
    assert (yes["Next"], no["Next"]) == ("CalibrateJudge", "OverBudget")
    assert states["OverBudget"]["Parameters"] == {"Error": "OverBudget", "Cause.$": "$.cost.message"}
    assert states["OverBudget"]["Next"] == FAILURE_PATH_START
    without_budget = _reachable(assembly.definition, "CaptureInput", without={"WithinBudget?"})
    assert not without_budget & {
        *("StartCustomizationJob", "CalibrateJudge", "AskBaseModel"),
        *creating(assembly),
    }


def test_nothing_is_bought_before_the_base_model_is_scored_and_training_taught_something(
    assembly: Assembly,
) -> None:
    buying = {"StartCustomizationJob", *creating(assembly)}

    assert not buying & _reachable(assembly.definition, "CaptureInput", without={"HeadroomLeft?"})
    untaught = _reachable(assembly.definition, "StartCustomizationJob", without={"DidItLearn?"})
    assert not creating(assembly) & untaught
    _yes, no = assembly.definition["States"]["DidItLearn?"]["Choices"]
    assert no == {
        "And": [
            {"Variable": "$.training.learned", "IsPresent": True},
            {"Variable": "$.training.learned", "BooleanEquals": False},
        ],
        "Next": "KeepCustomModel?",
    }


def test_a_run_that_made_a_host_cannot_end_well_before_it_is_gone(assembly: Assembly) -> None:
    for host, short in hosts(assembly).items():
        # The run's own hosting leads it back to the host that it made.
        others = [f"Delete{other}" for other in hosts(assembly) if other != host]
        after = _reachable(assembly.definition, f"Create{host}", without={f"{short}Gone?", *others})

        assert not after & {"ScoreAnswers (custom)", "WriteReport", "ExperimentEnded"}
        gone, _not_yet = assembly.definition["States"][f"{short}Gone?"]["Choices"]
        assert gone["And"][1] == {"Variable": "$.deletion.gone", "BooleanEquals": True}
        assert gone["Next"] == "ScoreAnswers (custom)"


def test_answers_are_asked_for_with_bounded_concurrency(assembly: Assembly) -> None:
    maps = [state for _, state in all_states(assembly.definition) if state["Type"] == "Map"]

    assert len(maps) == 2
    for state in maps:
        assert state["MaxConcurrencyPath"] == "$.run.answers.concurrency"
        assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}


def test_an_execution_ends_within_two_days(assembly: Assembly) -> None:
    assert assembly.definition["TimeoutSeconds"] == 48 * 3600


def _tasks(definition: Definition) -> Iterator[tuple[str, State]]:
    return ((name, state) for name, state in all_states(definition) if state["Type"] == "Task")


def _rules(definition: Definition) -> Iterator[State]:
    return (rule for _, state in all_states(definition) for rule in state.get("Choices", []))


def _following(state: State) -> Iterator[str]:
    for transition in [state, *state.get("Choices", []), *state.get("Catch", [])]:
        if "Next" in transition:
            yield transition["Next"]
    if "Default" in state:
        yield state["Default"]


def _reachable(definition: Definition, start: str, *, without: Collection[str] = ()) -> set[str]:
    """The states that an execution can come to, errors included, without passing through any of some."""
    states: dict[str, State] = definition["States"]
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in reached and name not in without:
            reached.add(name)
            ahead += _following(states[name])
    return reached
