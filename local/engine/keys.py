"""KMS keys in templates: moto reads the tags of one as if they had the API's names for key and value."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from moto.kms.models import Key

from local.engine.replacement import replaced

_create = Key.create_from_cloudformation_json


def adapter() -> AbstractContextManager[None]:
    """Make keys without their tags, which nothing here looks at."""

    def create(
        _cls: type[Key],
        name: str,
        definition: Mapping[str, Any],
        /,
        *where: str,
        **others: Any,  # noqa: ANN401
    ) -> Key:
        untagged = {**definition, "Properties": {**definition["Properties"], "Tags": []}}
        return _create(name, untagged, *where, **others)

    return replaced(Key, "create_from_cloudformation_json", classmethod(create))
