"""What runs the guard, and who hears of it when it cannot work."""

from collections.abc import Mapping
from typing import Any

from stacks.assembly import Assembly, resources


def test_the_guard_runs_when_an_execution_ends_and_every_five_minutes(assembly: Assembly) -> None:
    (machine,) = resources(assembly.workflow, "AWS::StepFunctions::StateMachine")
    patterns = [rule["EventPattern"] for rule in _rules(assembly) if "EventPattern" in rule]
    schedules = [rule["ScheduleExpression"] for rule in _rules(assembly) if "ScheduleExpression" in rule]

    assert schedules == ["rate(5 minutes)"]
    assert patterns == [
        {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {
                "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
                "stateMachineArn": [{"Ref": machine}],
            },
        }
    ]


def test_both_rules_may_run_the_guard_and_lose_no_event(claude: Assembly) -> None:
    rules = resources(claude.workflow, "AWS::Events::Rule")
    permissions = resources(claude.workflow, "AWS::Lambda::Permission").values()

    assert {permission["SourceArn"]["Fn::GetAtt"][0] for permission in permissions} == set(rules)
    for permission in permissions:
        assert (permission["Principal"], permission["FunctionName"]) == ("events.amazonaws.com", _guard_arn(claude))
    for rule in rules.values():
        (target,) = rule["Targets"]
        assert (target["Arn"], rule["State"]) == (_guard_arn(claude), "ENABLED")
        assert target["DeadLetterConfig"]["Arn"] == _queue_arn(claude)


def test_an_event_that_the_guard_failed_on_is_kept(claude: Assembly) -> None:
    (invocation,) = resources(claude.workflow, "AWS::Lambda::EventInvokeConfig").values()

    assert invocation["DestinationConfig"]["OnFailure"]["Destination"] == _queue_arn(claude)
    assert invocation["FunctionName"] == {"Ref": _guard(claude)}
    assert invocation["MaximumRetryAttempts"] == 2


def test_the_queue_is_encrypted_and_refuses_plain_http(claude: Assembly) -> None:
    (queue,) = resources(claude.workflow, "AWS::SQS::Queue").values()
    (policy,) = resources(claude.workflow, "AWS::SQS::QueuePolicy").values()
    (refusal,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]

    assert queue["SqsManagedSseEnabled"] is True
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert refusal["Action"] == "sqs:*"


def test_the_guard_is_over_before_the_next_look(claude: Assembly) -> None:
    assert resources(claude.workflow, "AWS::Lambda::Function")[_guard(claude)]["Timeout"] < 300


def test_every_alarm_goes_to_the_topic_and_says_what_to_do(claude: Assembly) -> None:
    (topic,) = resources(claude.workflow, "AWS::SNS::Topic")

    for alarm in resources(claude.workflow, "AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == [{"Ref": topic}]
        assert len(alarm["AlarmDescription"].split()) > 5


def test_alarms_ring_for_what_must_not_be(claude: Assembly) -> None:
    alarms = resources(claude.workflow, "AWS::CloudWatch::Alarm").values()

    rung_by = {
        alarm["MetricName"]: (alarm["ComparisonOperator"], alarm["Threshold"], alarm["TreatMissingData"])
        for alarm in alarms
    }

    present = ("GreaterThanOrEqualToThreshold", 1, "notBreaching")
    assert rung_by == {
        "Errors": present,
        "claude-3-haiku-ft-workflow-HostsPastDeadline": present,
        "ExecutionsFailed": present,
        "ExecutionsAborted": present,
        "ExecutionsTimedOut": present,
        "ApproximateNumberOfMessagesVisible": present,
        # A guard that nothing runs is worse than one that fails.
        "Invocations": ("LessThanThreshold", 1, "breaching"),
    }


def test_late_throughputs_are_counted_from_the_guards_log(claude: Assembly) -> None:
    (metric,) = resources(claude.workflow, "AWS::Logs::MetricFilter").values()
    guard = resources(claude.workflow, "AWS::Lambda::Function")[_guard(claude)]

    assert metric["LogGroupName"] == guard["LoggingConfig"]["LogGroup"]
    assert metric["FilterPattern"] == "{ $.hostsPastDeadline >= 0 }"
    assert metric["MetricTransformations"][0]["MetricValue"] == "$.hostsPastDeadline"


def test_alarms_of_this_account_and_nobody_else_can_reach_the_topic(claude: Assembly) -> None:
    (topic_policy,) = resources(claude.workflow, "AWS::SNS::TopicPolicy").values()
    (key,) = resources(claude.workflow, "AWS::KMS::Key").values()
    statements = [*topic_policy["PolicyDocument"]["Statement"], *key["KeyPolicy"]["Statement"]]
    by_services = [each for each in statements if "Service" in each["Principal"]]

    assert [each["Action"] for each in by_services] == ["sns:Publish", ["kms:Decrypt", "kms:GenerateDataKey*"]]
    for statement in by_services:
        assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        assert str(statement["Condition"]["ArnLike"]["aws:SourceArn"]).endswith(":alarm:*']]}")


def _rules(assembly: Assembly) -> list[Mapping[str, Any]]:
    return list(resources(assembly.workflow, "AWS::Events::Rule").values())


def _guard(assembly: Assembly) -> str:
    """The function's logical id."""
    functions = resources(assembly.workflow, "AWS::Lambda::Function")
    (guard,) = [name for name, function in functions.items() if function["Handler"] == "reap_throughput.handler"]
    return guard


def _guard_arn(assembly: Assembly) -> Mapping[str, Any]:
    return {"Fn::GetAtt": [_guard(assembly), "Arn"]}


def _queue_arn(assembly: Assembly) -> Mapping[str, Any]:
    (queue,) = resources(assembly.workflow, "AWS::SQS::Queue")
    return {"Fn::GetAtt": [queue, "Arn"]}
