from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stacks.assembly import Assembly, resources

LAMBDAS = Path(__file__).parents[2] / "lambdas"

# What AWS gives no resource-level permission for.
ANY_RESOURCE = {
    "bedrock:ListModelCustomizationJobs",
    "bedrock:ListProvisionedModelThroughputs",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "servicequotas:ListAWSDefaultServiceQuotas",
    "servicequotas:ListServiceQuotas",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# What gets its name or id only at run time.
NAMED_AT_RUN_TIME = {
    "arn:<AWS::Partition>:s3:::<data bucket>/datasets/*",
    "arn:<AWS::Partition>:s3:::<results bucket>/runs/*",
    "arn:<AWS::Partition>:bedrock:us-west-2:<AWS::AccountId>:custom-model/*",
    "arn:<AWS::Partition>:bedrock:us-west-2:<AWS::AccountId>:model-customization-job/*",
    "arn:<AWS::Partition>:bedrock:us-west-2:<AWS::AccountId>:provisioned-model/*",
    "arn:<AWS::Partition>:states:us-west-2:<AWS::AccountId>:execution:claude-3-haiku-ft-experiment:*",
}


def test_every_handler_file_has_a_function(nova: Assembly) -> None:
    sweep = resources(nova.sweep, "AWS::Lambda::Function")
    handlers = sorted({function["Handler"] for function in (*_functions(nova).values(), *sweep.values())})

    assert handlers == sorted(f"{file.stem}.handler" for file in LAMBDAS.glob("*.py"))


def test_functions_are_built_alike(claude: Assembly) -> None:
    for function in _functions(claude).values():
        assert function["Runtime"] == "python3.14"
        assert function["Architectures"] == ["arm64"]
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert 30 <= function["Timeout"] <= 900
        assert 128 <= function["MemorySize"] <= 1769


def test_functions_are_named_after_base_model_and_task(nova: Assembly) -> None:
    for function in _functions(nova).values():
        task = function["Handler"].removesuffix(".handler")
        assert function["FunctionName"] == f"nova-lite-ft-{task.replace('_', '-')}"
        assert function["Environment"]["Variables"]["BASE_MODEL"] == "nova-lite"


def test_every_function_has_its_own_role(claude: Assembly) -> None:
    roles = [function["Role"]["Fn::GetAtt"][0] for function in _functions(claude).values()]

    assert len(set(roles)) == len(roles)
    for role in resources(claude.workflow, "AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role
    assert not resources(claude.workflow, "AWS::IAM::Policy"), "a policy that the grants do not say"


def test_every_function_has_its_own_log_that_expires(claude: Assembly) -> None:
    groups = resources(claude.workflow, "AWS::Logs::LogGroup")
    used = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in _functions(claude).values()]

    assert len(set(used)) == len(used)
    assert all(group["RetentionInDays"] == 90 for group in groups.values())


def test_a_function_writes_no_log_but_its_own(claude: Assembly) -> None:
    roles = resources(claude.workflow, "AWS::IAM::Role")
    for function in _functions(claude).values():
        own_log = {"Fn::GetAtt": [function["LoggingConfig"]["LogGroup"]["Ref"], "Arn"]}
        statements = _statements(roles[function["Role"]["Fn::GetAtt"][0]])
        (write_log,) = [statement for statement in statements if "logs:PutLogEvents" in statement["Action"]]
        assert write_log["Resource"] == own_log


def test_only_what_calculates_carries_the_scoring_layer(claude: Assembly) -> None:
    with_layers = {function["Handler"] for function in _functions(claude).values() if "Layers" in function}
    (layer,) = resources(claude.workflow, "AWS::Lambda::LayerVersion").values()

    assert with_layers == {"score_answers.handler", "validate_dataset.handler"}
    assert layer["CompatibleArchitectures"] == ["arm64"]
    assert layer["CompatibleRuntimes"] == ["python3.14"]


def test_no_role_may_touch_any_resource_where_an_arn_can_stand(claude: Assembly) -> None:
    unbounded = {action for statement in _all_statements(claude) for action in _unbounded_actions(statement)}
    wildcards = {
        resource
        for statement in _all_statements(claude)
        for resource in _texts(statement["Resource"])
        if "*" in resource and resource != "*"
    }

    assert unbounded == ANY_RESOURCE
    assert wildcards == NAMED_AT_RUN_TIME
    assert not [action for statement in _all_statements(claude) for action in _actions(statement) if "*" in action]


def test_only_bedrock_is_passed_the_service_role(claude: Assembly) -> None:
    passing = [statement for statement in _all_statements(claude) if "iam:PassRole" in _actions(statement)]

    assert passing == [
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": {"Fn::ImportValue": "claude-3-haiku-ft-storage:ServiceRoleArn"},
            "Condition": {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
        }
    ]
    assert passing[0] in _statements_of(claude, "start_customization_job")


def test_one_function_makes_what_may_cost_and_besides_its_task_only_the_guard_removes(nova: Assembly) -> None:
    assert _allowed(nova, "bedrock:CreateModelCustomizationJob") == {"start_customization_job"}
    assert _allowed(nova, "bedrock:StopModelCustomizationJob") == {"stop_customization_job", "reap_throughput"}
    for operation, task in (
        ("ProvisionedModelThroughput", "provisioned_throughput"),
        ("CustomModelDeployment", "custom_model_deployment"),
    ):
        assert _allowed(nova, f"bedrock:Create{operation}") == {f"create_{task}"}
        assert _allowed(nova, f"bedrock:Delete{operation}") == {f"delete_{task}", "reap_throughput"}


def test_what_a_base_model_lacks_nobody_may_do(claude: Assembly, on_demand: Assembly) -> None:
    assert _allowed(claude, "bedrock:CreateCustomModelDeployment") == set()
    assert _allowed(on_demand, "bedrock:CreateProvisionedModelThroughput") == set()


def test_nothing_is_made_without_our_tag_and_nothing_removed_that_lacks_it(nova: Assembly) -> None:
    """What Bedrock's actions know of tags: AWS's Service Authorization Reference, read 2026-11."""
    with_tag = {"StringEquals": {"aws:RequestTag/bedrock-ft:app": "bedrock-ft"}}
    has_tag = {"StringEquals": {"aws:ResourceTag/bedrock-ft:app": "bedrock-ft"}}
    conditions = {
        "bedrock:CreateModelCustomizationJob": with_tag,
        "bedrock:CreateProvisionedModelThroughput": with_tag,
        "bedrock:CreateCustomModelDeployment": with_tag,
        "bedrock:TagResource": with_tag,
        "bedrock:DeleteProvisionedModelThroughput": has_tag,
        "bedrock:DeleteCustomModelDeployment": has_tag,
        "bedrock:DeleteCustomModel": has_tag,
        "bedrock:StopModelCustomizationJob": has_tag,
    }
    found = set()
    for statement in _all_statements(nova):
        for action in conditions.keys() & set(_actions(statement)):
            found.add(action)
            assert statement["Condition"] == conditions[action]
    assert found == conditions.keys()


def test_the_state_machine_may_invoke_each_function_and_no_other_version_of_it(claude: Assembly) -> None:
    (invoke,) = [statement for statement in _all_statements(claude) if "lambda:InvokeFunction" in _actions(statement)]
    arns = [
        {"Fn::GetAtt": [name, "Arn"]}
        for name, function in _functions(claude).items()
        if function["Handler"] != "reap_throughput.handler"
    ]

    assert sorted(map(str, invoke["Resource"])) == sorted(map(str, arns))


def test_configure_run_knows_the_shipped_datasets_and_two_functions_may_read_them(claude: Assembly) -> None:
    (configure_run,) = [f for f in _functions(claude).values() if f["Handler"] == "configure_run.handler"]
    (datasets,) = _texts(configure_run["Environment"]["Variables"]["DATASETS"])

    assert datasets.startswith('{"bedrock-faq":{"training":"s3://cdk-')
    assert datasets.count(".jsonl") == 6
    for task in ("check_prerequisites", "validate_dataset"):
        readable = [
            resource
            for statement in _statements_of(claude, task)
            if "s3:GetObject" in _actions(statement)
            for resource in _texts(statement["Resource"])
        ]
        assert sum(resource.endswith(".jsonl") for resource in readable) == 6


def test_the_topic_is_encrypted_and_refuses_plain_http(claude: Assembly) -> None:
    (topic,) = resources(claude.workflow, "AWS::SNS::Topic").values()
    ((key_id, key),) = resources(claude.workflow, "AWS::KMS::Key").items()
    (policy,) = resources(claude.workflow, "AWS::SNS::TopicPolicy").values()
    (refusal,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]

    assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
    assert key["EnableKeyRotation"] is True
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_state_machine_logs_everything_but_data_and_is_traced(claude: Assembly) -> None:
    (machine,) = resources(claude.workflow, "AWS::StepFunctions::StateMachine").values()

    assert machine["StateMachineName"] == "claude-3-haiku-ft-experiment"
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert "StateMachineType" not in machine, "standard is the default"


def test_outputs_are_what_the_command_line_reads(assembly: Assembly) -> None:
    outputs = set(assembly.workflow["Outputs"])
    # What the sweep's stack takes from here, which CloudFormation names by itself.
    assert {name for name in outputs if not name.startswith("ExportsOutput")} == {
        "StateMachineArn",
        "StateMachineConsoleUrl",
        "DataBucketName",
        "ResultsBucketName",
        "TopicArn",
    }


def test_there_are_no_custom_resources(assembly: Assembly) -> None:
    for template in (assembly.storage, assembly.workflow, assembly.sweep):
        types = {resource["Type"] for resource in template["Resources"].values()}
        assert not {name for name in types if name.startswith(("Custom::", "AWS::CloudFormation::"))}


def _functions(assembly: Assembly) -> dict[str, Mapping[str, Any]]:
    return resources(assembly.workflow, "AWS::Lambda::Function")


def _statements(role: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def _all_statements(assembly: Assembly) -> Iterator[Mapping[str, Any]]:
    for role in resources(assembly.workflow, "AWS::IAM::Role").values():
        yield from _statements(role)


def _statements_of(assembly: Assembly, task: str) -> list[Mapping[str, Any]]:
    (function,) = [f for f in _functions(assembly).values() if f["Handler"] == f"{task}.handler"]
    return _statements(resources(assembly.workflow, "AWS::IAM::Role")[function["Role"]["Fn::GetAtt"][0]])


def _allowed(assembly: Assembly, action: str) -> set[str]:
    """The tasks whose function may do it."""
    tasks = [function["Handler"].removesuffix(".handler") for function in _functions(assembly).values()]
    return {
        task for task in tasks if any(action in _actions(statement) for statement in _statements_of(assembly, task))
    }


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def _unbounded_actions(statement: Mapping[str, Any]) -> list[str]:
    return _actions(statement) if "*" in _texts(statement["Resource"]) else []


def _texts(value: object) -> list[str]:
    """ARNs and other values as readable text, one for each element of a list."""
    names = {"DataBucketName": "data bucket", "ResultsBucketName": "results bucket", "ServiceRoleArn": "service role"}
    match value:
        case str():
            return [value]
        case list():
            return [text for element in value for text in _texts(element)]
        case {"Fn::Join": [separator, parts]}:
            return [str(separator).join("".join(_texts(part)) for part in parts)]
        case {"Fn::ImportValue": name}:
            return [f"<{names[str(name).split(':')[1]]}>"]
        case {"Ref": name}:
            return [f"<{name}>"]
        case {"Fn::Sub": text}:
            return [str(text)]
        case {"Fn::GetAtt": [resource, attribute]}:
            return [f"<{resource}.{attribute}>"]
        case _:
            raise ValueError(f"unexpected in a template: {value}")
