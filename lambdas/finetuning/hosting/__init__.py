"""What serves a custom model while it answers, its host: a Provisioned Throughput or a custom model deployment.

host.py             what both are, for the rules
provisioned_throughput.py, custom_model_deployment.py   AWS's calls for each
life.py             the rules, the same for both: made once, waited for, removed for certain
steps.py            the tasks of the state machine
"""

from collections.abc import Mapping

from finetuning.base_models import Hosting
from finetuning.hosting.custom_model_deployment import CustomModelDeployment
from finetuning.hosting.host import Found, Host
from finetuning.hosting.provisioned_throughput import ProvisionedThroughput

HOSTS: Mapping[Hosting, type[Host]] = {
    "provisionedThroughput": ProvisionedThroughput,
    "onDemand": CustomModelDeployment,
}

__all__ = ["HOSTS", "CustomModelDeployment", "Found", "Host", "ProvisionedThroughput"]
