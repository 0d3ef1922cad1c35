"""How the local Bedrock behaves where the real one varies, or where nobody has written down what it does."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass
class Settings:
    """May be changed while the local Bedrock runs: the next call sees it. Durations are virtual time.

    job_duration: about that of a real job of 85 records.
    data_check_duration: after this a job with bad data is Failed.
    throughput_creation: reported from 10 to 45 minutes.
    throughput_deletion: how long a deleted throughput can still be seen; not documented.
    throughput_hidden: how long a new throughput is in no list, nor found by its name; not documented.
    deployment_creation, deployment_deletion, deployment_hidden: the same of a custom model deployment, of which AWS
    documents no duration at all.
    model_units: the account's quota; a new account's is 0.
    deployments_in_progress: how many custom model deployments may be Creating at a time.
    lists_unchanged_quotas: whether ListServiceQuotas has quotas that the account never changed.
    refuses_deletion_while_creating, refuses_repeated_create: an error code to answer with instead of doing what was
    asked; what the real service does is not documented.
    seed: of the stand-in's training and sampling.
    """

    job_duration: timedelta = timedelta(hours=2)
    data_check_duration: timedelta = timedelta(minutes=5)
    stopping_duration: timedelta = timedelta(minutes=2)
    throughput_creation: timedelta = timedelta(minutes=15)
    throughput_deletion: timedelta = timedelta(0)
    throughput_hidden: timedelta = timedelta(0)
    deployment_creation: timedelta = timedelta(minutes=5)
    deployment_deletion: timedelta = timedelta(0)
    deployment_hidden: timedelta = timedelta(0)
    model_units: int = 1
    deployments_in_progress: int = 2
    lists_unchanged_quotas: bool = True
    refuses_deletion_while_creating: str | None = None
    refuses_repeated_create: str | None = None
    seed: int = 0
