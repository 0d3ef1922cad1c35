"""Deterministic names and client tokens: a create whose response was lost is found again by its name.

Bedrock allows 63 characters; custom model and throughput names allow no doubled hyphens, S3 prefixes for a job no
characters outside letters, digits and -!_*'().
"""

import hashlib
import re

# A UUID, which the console gives an execution, fits whole.
MAX_RUN_ID_LENGTH = 36
# Of what Step Functions takes in a name, what Bedrock takes in a tag's value (TagValue in botocore's service model).
_FITS_A_TAG = re.compile(r"[0-9A-Za-z._=+@-]+")


def run_id(execution_name: str) -> str:
    """The execution's name where Bedrock and S3 accept it; otherwise a readable form of it with its hash."""
    readable = re.sub(r"[^0-9A-Za-z]+", "-", execution_name).strip("-")
    if readable == execution_name and len(readable) <= MAX_RUN_ID_LENGTH:
        return readable
    digest = hashlib.sha256(execution_name.encode()).hexdigest()[:8]
    return f"{readable[: MAX_RUN_ID_LENGTH - 9].strip('-')}-{digest}".lstrip("-")


def fits_a_tag(execution_name: str) -> bool:
    """Whether the execution's ARN can be the value of a tag: what a run creates is known by it."""
    return _FITS_A_TAG.fullmatch(execution_name) is not None


def state_machine_name(base_model_key: str) -> str:
    return f"{base_model_key}-ft-experiment"


def service_role_name(base_model_key: str) -> str:
    return f"{base_model_key}-ft-role"


def job_name(base_model_key: str, run: str) -> str:
    return f"{base_model_key}-ft-job-{run}"


def custom_model_name(base_model_key: str, run: str) -> str:
    return f"{base_model_key}-ft-model-{run}"


def throughput_name(base_model_key: str, run: str) -> str:
    return f"{base_model_key}-ft-pt-{run}"


def deployment_name(base_model_key: str, run: str) -> str:
    return f"{base_model_key}-ft-deployment-{run}"


def client_request_token(resource_name: str, execution_arn: str) -> str:
    """The same for every attempt of one execution, another for every other execution."""
    return hashlib.sha256(f"{execution_arn}/{resource_name}".encode()).hexdigest()
