"""Amazon Bedrock on a laptop: the control plane, the runtime and the quotas that an experiment uses, in virtual time.

Driven by botocore's own service model: what it answers is what the published API allows, or DriftError. What learns and
answers are stand-ins for the real models, and the reports of local runs say so.
"""

from local.bedrock.errors import DriftError
from local.bedrock.faults import Fault
from local.bedrock.local_bedrock import LocalBedrock
from local.bedrock.settings import Settings

__all__ = ["DriftError", "Fault", "LocalBedrock", "Settings"]
