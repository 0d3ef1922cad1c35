"""Keeps the user's AWS account out of reach."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def isolated_environment(region: str) -> Iterator[None]:
    """Only dummy credentials, and nothing of the user's AWS configuration."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in before:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 - a dummy
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_DEFAULT_REGION=region,
        AWS_REGION=region,
        # The state machine's Retry is what retries: boto3's own would really sleep.
        AWS_MAX_ATTEMPTS="1",
    )
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(before)
