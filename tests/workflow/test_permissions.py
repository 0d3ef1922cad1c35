"""The local engine refuses what the deployed policies do not allow, as AWS does."""

import ast
import json
from typing import Any

import boto3
import pytest
from finetuning import tags
from runs import QUICK

from local.engine.engine import LocalEngine
from local.engine.state_machines import HistoryEvent


def take_away(engine: LocalEngine, function: str, action: str) -> str:
    """Take the statements with that action out of the function's policy. Returns how IAM names the function."""
    name = f"claude-3-haiku-ft-{function}"
    role = boto3.client("lambda").get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    iam = boto3.client("iam")
    [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    # moto gives the policies of templates back as Python writes them.
    document: Any = ast.literal_eval(str(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]))
    kept = [statement for statement in document["Statement"] if action not in statement["Action"]]
    assert len(kept) < len(document["Statement"])
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps({**document, "Statement": kept}))
    return f"arn:aws:sts::{engine.account_id}:assumed-role/{role}/{name}"


@pytest.mark.parametrize(
    ("function", "action", "resource"),
    [
        ("configure-run", "s3:ListBucket", "arn:aws:s3:::claude-3-haiku-ft-storage-results"),
        ("check-prerequisites", "bedrock:InvokeModel", "arn:aws:bedrock:"),
        ("validate-dataset", "s3:PutObject", "arn:aws:s3:::claude-3-haiku-ft-storage-results"),
        ("start-customization-job", "iam:PassRole", "arn:aws:iam::123456789012:role/claude-3-haiku-ft-role"),
        ("create-provisioned-throughput", "bedrock:TagResource", "arn:aws:bedrock:us-west-2:123456789012:provisioned-"),
    ],
)
def test_a_call_that_no_grant_covers_fails_the_run(
    engine: LocalEngine, function: str, action: str, resource: str
) -> None:
    user = take_away(engine, function, action)

    execution = engine.run("refused", QUICK)

    assert execution.status == "FAILED"
    assert f"User: {user} is not authorized to perform: {action} on resource: {resource}" in str(execution.cause)
    assert f"because no identity-based policy allows the {action} action" in str(execution.cause)
    assert engine.bedrock.ledger.purchases == []


def test_who_may_not_use_the_key_cannot_publish(engine: LocalEngine) -> None:
    user = take_away(engine, "notify", "kms:GenerateDataKey")

    execution = engine.run("unheard", QUICK)

    assert execution.status == "SUCCEEDED"
    assert f"User: {user} is not authorized to perform: kms:Decrypt" in execution.output["notifyFailure"]["Cause"]


def test_what_lost_our_tag_is_not_deleted(engine: LocalEngine) -> None:
    def lose_tag(_arn: str, event: HistoryEvent) -> None:
        if event.get("stateExitedEventDetails", {}).get("name") == "CreateProvisionedThroughput":
            [bought] = engine.bedrock.ledger.purchases
            boto3.client("bedrock").untag_resource(resourceARN=bought.arn, tagKeys=[tags.APP])

    engine.listen(lose_tag)
    execution = engine.run("tag-lost", QUICK)

    [bought] = engine.bedrock.ledger.purchases
    assert execution.status == "FAILED"
    assert engine.bedrock.ledger.calls_of("DeleteProvisionedModelThroughput") == []
    assert engine.bedrock.ledger.alive(engine.clock.now()) == [bought]
