"""The local Bedrock without a deployment, for commands that only ask models."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from local import stand_in
from local.bedrock import LocalBedrock
from local.engine.clock import VirtualClock
from local.engine.isolation import isolated_environment


@contextmanager
def bedrock_only(region: str) -> Iterator[LocalBedrock]:
    """While this lasts, clients in that region talk to stand-ins, and no real account is within reach."""
    bedrock = LocalBedrock(VirtualClock(datetime.now(UTC)), region, DEFAULT_ACCOUNT_ID, stand_in)
    with (
        isolated_environment(region),
        mock_aws(),
        bedrock.registered(),
    ):
        yield bedrock
