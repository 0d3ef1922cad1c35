from typing import Any

from stacks.assembly import Assembly, resources


def test_bedrock_alone_assumes_the_service_role_for_a_job_of_this_account(claude: Assembly) -> None:
    role = _service_role(claude)

    assert role["RoleName"] == "claude-3-haiku-ft-role"
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "bedrock.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                "ArnEquals": {
                    "aws:SourceArn": {
                        "Fn::Join": [
                            "",
                            [
                                "arn:",
                                {"Ref": "AWS::Partition"},
                                ":bedrock:us-west-2:",
                                {"Ref": "AWS::AccountId"},
                                ":model-customization-job/*",
                            ],
                        ]
                    }
                },
            },
        }
    ]


def test_service_role_reads_a_runs_dataset_and_writes_its_job_output(claude: Assembly) -> None:
    (policy,) = _service_role(claude)["Policies"]
    results = {"Fn::GetAtt": [_bucket_id(claude, "Results"), "Arn"]}

    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": results},
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": {"Fn::Join": ["", [results, "/runs/*/dataset/*"]]},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": {"Fn::Join": ["", [results, "/runs/*/job/*"]]},
        },
    ]
    assert "ManagedPolicyArns" not in _service_role(claude)


def test_region_and_names_follow_the_base_model(nova: Assembly) -> None:
    role = _service_role(nova)

    assert role["RoleName"] == "nova-lite-ft-role"
    assert ":bedrock:us-east-1:" in str(role["AssumeRolePolicyDocument"])


def test_buckets_are_private_encrypted_and_versioned(claude: Assembly) -> None:
    for bucket in resources(claude.storage, "AWS::S3::Bucket").values():
        assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        )
        (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_buckets_drop_old_versions_and_aborted_uploads(claude: Assembly) -> None:
    for bucket in resources(claude.storage, "AWS::S3::Bucket").values():
        (rule,) = bucket["LifecycleConfiguration"]["Rules"]
        assert rule["Status"] == "Enabled"
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_only_access_logs_expire(claude: Assembly) -> None:
    expiring = {
        logical_id
        for logical_id, bucket in resources(claude.storage, "AWS::S3::Bucket").items()
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }

    assert expiring == {_bucket_id(claude, "AccessLogs")}


def test_buckets_refuse_plain_http_and_old_tls(claude: Assembly) -> None:
    policies = resources(claude.storage, "AWS::S3::BucketPolicy").values()

    assert {policy["Bucket"]["Ref"] for policy in policies} == set(resources(claude.storage, "AWS::S3::Bucket"))
    for policy in policies:
        refusals = {
            str(statement["Condition"])
            for statement in policy["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny"
            and statement["Action"] == "s3:*"
            and statement["Principal"] == {"AWS": "*"}
            and len(statement["Resource"]) == 2
        }
        assert refusals == {
            "{'Bool': {'aws:SecureTransport': 'false'}}",
            "{'NumericLessThan': {'s3:TlsVersion': 1.2}}",
        }


def test_access_to_data_and_results_is_logged(claude: Assembly) -> None:
    buckets = resources(claude.storage, "AWS::S3::Bucket")
    logs = {"Ref": _bucket_id(claude, "AccessLogs")}

    for name in ("Data", "Results"):
        logging = buckets[_bucket_id(claude, name)]["LoggingConfiguration"]
        assert logging == {"DestinationBucketName": logs, "LogFilePrefix": f"{name.lower()}/"}


def test_buckets_outlive_the_stack(claude: Assembly) -> None:
    for resource in claude.storage["Resources"].values():
        if resource["Type"] == "AWS::S3::Bucket":
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def _service_role(assembly: Assembly) -> dict[str, Any]:
    (role,) = resources(assembly.storage, "AWS::IAM::Role").values()
    return dict(role)


def _bucket_id(assembly: Assembly, name: str) -> str:
    (found,) = [found for found in resources(assembly.storage, "AWS::S3::Bucket") if found.startswith(name)]
    return found
