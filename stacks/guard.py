"""What runs the guard, and what tells people when it cannot do its work.

It runs whenever an execution ends and every five minutes, whatever happened to the event.
"""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.alarms import add_alarm

EVERY = cdk.Duration.minutes(5)
ENDED = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


def dead_letter_queue(scope: Construct, construct_id: str) -> sqs.Queue:
    """Events that could not be delivered, and those that the guard failed on."""
    queue = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=cdk.Duration.days(14),
    )
    reason = "It is the dead-letter queue of EventBridge's and Lambda's events, which cdk-nag does not look at"
    cdk.Validations.of(queue).acknowledge(cdk.Acknowledgment(id="AwsSolutions-SQS3", reason=reason))
    return queue


class Guard(Construct):
    """Rules that run `function`, and alarms to the topic.

    function: reap_throughput's; log_group: its log; events_lost: where its failed events go.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.Function,
        log_group: logs.LogGroup,
        events_lost: sqs.Queue,
        state_machine: sfn.StateMachine,
        topic: sns.Topic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        self._add_rules(function, events_lost, state_machine)
        self._alarm_on_function(function)
        self._alarm_on_late_host(log_group)
        self._alarm_on_executions(state_machine)
        add_alarm(
            self,
            "EventsLost",
            events_lost.metric_approximate_number_of_messages_visible(period=EVERY, statistic="Maximum"),
            "Events of the guard lie in its dead-letter queue. It looks at everything every five minutes all the same; "
            "read its log, mend the cause, then purge the queue.",
            topic,
        )

    def _add_rules(self, function: lambda_.Function, events_lost: sqs.Queue, state_machine: sfn.StateMachine) -> None:
        target = targets.LambdaFunction(function, dead_letter_queue=events_lost, retry_attempts=2)
        events.Rule(
            self,
            "ExecutionEnded",
            description="An execution ended, in whatever way: look for what it left behind",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"status": ENDED, "stateMachineArn": [state_machine.state_machine_arn]},
            ),
            targets=[target],
        )
        events.Rule(
            self,
            "EveryFiveMinutes",
            description="Look for hosts past their deadline, and for what an event that was lost did not tell",
            schedule=events.Schedule.rate(EVERY),
            targets=[target],
        )
        function.configure_async_invoke(
            retry_attempts=2, on_failure=destinations.SqsDestination(events_lost), max_event_age=cdk.Duration.hours(1)
        )

    def _alarm_on_function(self, function: lambda_.Function) -> None:
        add_alarm(
            self,
            "GuardFails",
            function.metric_errors(period=EVERY),
            "The guard failed: a throughput or a job may be alive that it could not see or remove. Read its log, and "
            "look at Provisioned Throughput in the Bedrock console.",
            self._topic,
        )
        add_alarm(
            self,
            "GuardDoesNotRun",
            function.metric_invocations(period=EVERY),
            "The guard has not run for 15 minutes: nothing removes what an aborted execution leaves behind. Look at "
            "its two EventBridge rules.",
            self._topic,
            less_than=True,
            periods=3,
        )

    def _alarm_on_late_host(self, log_group: logs.LogGroup) -> None:
        late = log_group.add_metric_filter(
            "Late",
            filter_pattern=logs.FilterPattern.literal("{ $.hostsPastDeadline >= 0 }"),
            metric_namespace="bedrock-ft",
            metric_name=f"{cdk.Stack.of(self).stack_name}-HostsPastDeadline",
            metric_value="$.hostsPastDeadline",
        )
        add_alarm(
            self,
            "HostPastDeadline",
            late.metric(period=EVERY, statistic="Maximum"),
            "A Provisioned Throughput, which costs by the hour, or a custom model deployment is older than its "
            "deadline. The guard is deleting it; if this alarm stays, delete it in the Bedrock console, and ask AWS "
            "Support where that fails.",
            self._topic,
        )

    def _alarm_on_executions(self, state_machine: sfn.StateMachine) -> None:
        """One for each way: metric math, which could add them up, is more than every emulator deploys."""
        for name, metric in {
            "ExecutionFailed": state_machine.metric_failed(period=EVERY),
            "ExecutionAborted": state_machine.metric_aborted(period=EVERY),
            "ExecutionTimedOut": state_machine.metric_timed_out(period=EVERY),
        }.items():
            description = "An execution did not succeed: its report in the results bucket says why."
            add_alarm(self, name, metric, description, self._topic)
