"""Alarms to the topic."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct


def add_alarm(
    scope: Construct,
    name: str,
    metric: cloudwatch.IMetric,
    description: str,
    topic: sns.Topic,
    *,
    less_than: bool = False,
    periods: int = 1,
) -> None:
    """At one or more, or with `less_than` at less than one and when there are no data at all."""
    comparison, missing = cloudwatch.ComparisonOperator, cloudwatch.TreatMissingData
    alarm = cloudwatch.Alarm(
        scope,
        name,
        metric=metric,
        alarm_description=description,
        threshold=1,
        evaluation_periods=periods,
        comparison_operator=(
            comparison.LESS_THAN_THRESHOLD if less_than else comparison.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        ),
        treat_missing_data=missing.BREACHING if less_than else missing.NOT_BREACHING,
    )
    alarm.add_alarm_action(actions.SnsAction(topic))
