"""Tags of jobs, custom models and throughputs."""

from collections.abc import Mapping, Sequence

from local.bedrock.errors import AwsError, not_found
from local.bedrock.service_model import Document

_MAX_TAGS = 50


class Tags:
    def __init__(self) -> None:
        self._tags: dict[str, dict[str, str]] = {}
        self.operations = {
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list,
        }

    def attach(self, arn: str, tags: Mapping[str, str]) -> None:
        self._tags[arn] = dict(tags)

    def of(self, arn: str) -> Mapping[str, str]:
        """None of a resource that there is not."""
        return self._tags.get(arn, {})

    def forget(self, arn: str) -> None:
        del self._tags[arn]

    def _tag(self, parameters: Document) -> Document:
        arn = self._existing(parameters)
        self._tags[arn] = checked_tags(parameters["tags"], self._tags[arn])
        return {}

    def _untag(self, parameters: Document) -> Document:
        tags = self._tags[self._existing(parameters)]
        for key in parameters["tagKeys"]:
            tags.pop(key, None)
        return {}

    def _list(self, parameters: Document) -> Document:
        tags = self._tags[self._existing(parameters)]
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _existing(self, parameters: Document) -> str:
        arn: str = parameters["resourceARN"]
        if arn not in self._tags:
            raise not_found(f"The resource {arn} does not exist.")
        return arn


def checked_tags(tags: Sequence[Document], present: Mapping[str, str] | None = None) -> dict[str, str]:
    """The API's list of tags as a mapping, added to those present. Raises TooManyTagsException."""
    merged = {**(present or {}), **{tag["key"]: tag["value"] for tag in tags}}
    if len(merged) > _MAX_TAGS:
        raise AwsError("TooManyTagsException", f"A resource takes at most {_MAX_TAGS} tags.")
    return merged
