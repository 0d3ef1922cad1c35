"""The runs' objects, read straight from moto's memory: tens of thousands of scenarios look at them."""

from collections.abc import Mapping

from moto.s3.models import s3_backends

from local.engine.engine import LocalEngine


class Objects:
    """Of the results bucket."""

    def __init__(self, engine: LocalEngine) -> None:
        self._keys = s3_backends[engine.account_id]["aws"].buckets[engine.outputs["ResultsBucketName"]].keys

    def find(self, key: str) -> bytes | None:
        found = self._keys.get(key)
        return found.value if found else None

    def under(self, prefix: str) -> Mapping[str, bytes]:
        return {key: found.value for key, found in self._keys.items() if key.startswith(prefix)}
