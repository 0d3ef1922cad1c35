"""The flow as a graph: what follows what, and what cannot be reached without what."""

import re
from collections.abc import Iterator

from stacks.assembly import Assembly, Definition, State, all_states, resources

FAILURE_PATH_START = "CaptureFailedState"
DELETE_AFTER_FAILURE = "DeleteProvisionedThroughput (after failure)"


def test_states_are_named_after_their_handlers(claude: Assembly) -> None:
    functions = resources(claude.workflow, "AWS::Lambda::Function")
    for name, state in _tasks(claude.definition):
        handler = functions[state["Resource"].rsplit(":", 1)[1]]["Handler"].removesuffix(".handler")
        pascal_case = "".join(word.capitalize() for word in handler.split("_"))
        assert re.fullmatch(rf"{pascal_case}( \((base|custom|after failure)\))?", name)


def test_every_function_but_the_guards_is_used(claude: Assembly) -> None:
    used = {state["Resource"].rsplit(":", 1)[1] for _, state in _tasks(claude.definition)}
    functions = resources(claude.workflow, "AWS::Lambda::Function")

    assert {functions[name]["Handler"] for name in functions.keys() - used} == {"reap_throughput.handler"}


def test_every_task_retries_and_outlasts_its_function(claude: Assembly) -> None:
    functions = resources(claude.workflow, "AWS::Lambda::Function")
    for name, state in _tasks(claude.definition):
        (retry,) = state["Retry"]
        assert {"TransientError", "States.Timeout"} <= set(retry["ErrorEquals"]) or name == DELETE_AFTER_FAILURE
        assert (retry["BackoffRate"], retry["JitterStrategy"]) == (2, "FULL")
        assert state["TimeoutSeconds"] > functions[state["Resource"].rsplit(":", 1)[1]]["Timeout"]


def test_deleting_after_a_failure_is_tried_whatever_the_error_and_no_longer_than_ten_minutes(claude: Assembly) -> None:
    (retry,) = claude.definition["States"][DELETE_AFTER_FAILURE]["Retry"]

    assert (retry["ErrorEquals"], retry["MaxAttempts"]) == (["States.ALL"], 6)


def test_every_failure_of_the_main_path_leads_to_the_failure_path(claude: Assembly) -> None:
    states = claude.definition["States"]
    after_failure = _reachable(claude.definition, FAILURE_PATH_START)
    for name in set(states) - after_failure:
        if states[name]["Type"] in ("Task", "Map") and name != "Notify":
            (catch,) = states[name]["Catch"]
            failed = {"lastTask": next(iter(states[name].get("ItemProcessor", {}).get("States", {name: {}})))}
            assert catch == {
                "ErrorEquals": ["States.ALL"],
                "ResultPath": "$.failure",
                "Assign": failed,
                "Next": FAILURE_PATH_START,
            }
            assert states[name]["Assign"] == failed


def test_what_a_choice_compares_is_there(claude: Assembly) -> None:
    for rule in _rules(claude.definition):
        present, compared = rule["And"]
        assert present == {"Variable": compared["Variable"], "IsPresent": True}


def test_a_broken_answer_leads_to_the_failure_path(claude: Assembly) -> None:
    states = claude.definition["States"]
    after_failure = _reachable(claude.definition, FAILURE_PATH_START)

    for name in set(states) - after_failure:
        if states[name]["Type"] == "Choice":
            assert states[name]["Default"] == "BrokenAnswer"
    assert states["BrokenAnswer"]["Next"] == FAILURE_PATH_START


def test_a_wait_follows_only_from_a_number_of_seconds(claude: Assembly) -> None:
    waits = {name: state for name, state in claude.definition["States"].items() if state["Type"] == "Wait"}
    following = [
        (name, following) for name, state in claude.definition["States"].items() for following in _following(state)
    ]

    for name, state in waits.items():
        (choice,) = [before for before, after in following if after == name]
        (rule,) = [rule for rule in claude.definition["States"][choice]["Choices"] if rule["Next"] == name]
        assert {"Variable": state["SecondsPath"], "IsNumeric": True} in rule["And"]


def test_a_verdict_stands_whether_or_not_people_can_be_told(claude: Assembly) -> None:
    notify = claude.definition["States"]["Notify"]

    assert [catch["Next"] for catch in notify["Catch"]] == [notify["Next"]] == ["ExperimentEnded"]


def test_the_failure_path_deletes_first_and_ends_in_fail_whatever_happens(claude: Assembly) -> None:
    states = claude.definition["States"]
    after_failure = _reachable(claude.definition, FAILURE_PATH_START)

    assert states[FAILURE_PATH_START] == {
        "Type": "Pass",
        "Parameters": {"state.$": "$lastTask"},
        "ResultPath": "$.failedAt",
        "Next": DELETE_AFTER_FAILURE,
    }
    ends = {name for name in after_failure if not list(_following(states[name]))}
    assert ends == {"ExperimentFailed", "ExperimentFailedUnreported"}
    for name in after_failure - ends:
        assert ends <= _reachable(claude.definition, name)
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


def test_a_run_over_budget_fails_and_has_bought_nothing(claude: Assembly) -> None:
    states = claude.definition["States"]

    yes, no = states["WithinBudget?"]["Choices"]
    assert (yes["Next"], no["Next"]) == ("CalibrateJudge", "OverBudget")
    assert states["OverBudget"]["Parameters"] == {"Error": "OverBudget", "Cause.$": "$.cost.message"}
    assert states["OverBudget"]["Next"] == FAILURE_PATH_START
    without_budget = _reachable(claude.definition, "CaptureInput", without="WithinBudget?")
    assert not without_budget & {
        "StartCustomizationJob",
        "CreateProvisionedThroughput",
        "CalibrateJudge",
        "AskBaseModel",
    }


def test_nothing_is_bought_before_the_base_model_is_scored_and_training_has_taught_something(claude: Assembly) -> None:
    buying = {"StartCustomizationJob", "CreateProvisionedThroughput"}

    assert not buying & _reachable(claude.definition, "CaptureInput", without="HeadroomLeft?")
    assert "CreateProvisionedThroughput" not in _reachable(
        claude.definition, "StartCustomizationJob", without="DidItLearn?"
    )
    _yes, no = claude.definition["States"]["DidItLearn?"]["Choices"]
    assert no == {
        "And": [
            {"Variable": "$.training.learned", "IsPresent": True},
            {"Variable": "$.training.learned", "BooleanEquals": False},
        ],
        "Next": "WriteReport",
    }


def test_a_run_that_bought_a_throughput_cannot_end_well_before_it_is_gone(claude: Assembly) -> None:
    bought = _reachable(claude.definition, "CreateProvisionedThroughput", without="ThroughputGone?")

    assert not bought & {"ScoreAnswers (custom)", "WriteReport", "ExperimentEnded"}
    gone, _not_yet = claude.definition["States"]["ThroughputGone?"]["Choices"]
    assert gone["And"][1] == {"Variable": "$.deletion.gone", "BooleanEquals": True}
    assert gone["Next"] == "ScoreAnswers (custom)"


def test_answers_are_asked_for_with_bounded_concurrency(claude: Assembly) -> None:
    maps = [state for _, state in all_states(claude.definition) if state["Type"] == "Map"]

    assert len(maps) == 2
    for state in maps:
        assert state["MaxConcurrencyPath"] == "$.run.answers.concurrency"
        assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}


def test_an_execution_ends_within_two_days(claude: Assembly) -> None:
    assert claude.definition["TimeoutSeconds"] == 48 * 3600


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


def _reachable(definition: Definition, start: str, *, without: str | None = None) -> set[str]:
    """The states that an execution can come to, errors included, without passing through one of them."""
    states: dict[str, State] = definition["States"]
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in reached and name != without:
            reached.add(name)
            ahead += _following(states[name])
    return reached
