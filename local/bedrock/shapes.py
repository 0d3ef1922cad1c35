"""Values against botocore's shapes: what breaks a shape, and how a shape looks in JSON."""

import base64
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.utils import parse_timestamp

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "blob": (bytes,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (datetime,),
}


def violations(shape: Shape, value: object, path: str = "") -> Iterator[str]:
    """Every way in which the value breaks the shape, in the words of AWS's validation errors.

    botocore's own validator knows types, required members and minimums; AWS also refuses what breaks an enum, a
    pattern or a maximum.
    """
    if isinstance(shape, StructureShape) and shape.is_document_type:
        return
    if not _has_type(shape, value):
        yield _violation(path, value, f"Member must be a {shape.type_name}")
        return
    yield from _violations_of_value(shape, value, path)
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        yield from _violations_of_members(shape, value, path)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from violations(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, item in value.items():
            yield from violations(shape.key, key, path)
            yield from violations(shape.value, item, f"{path}.{key}")


def _has_type(shape: Shape, value: object) -> bool:
    types = _PYTHON_TYPES[shape.type_name]
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _violations_of_members(shape: StructureShape, value: Mapping[str, object], path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if value.get(name) is None:
            yield _violation(prefix + name, None, "Member must not be null")
    for name, item in value.items():
        if name not in shape.members:
            yield _violation(prefix + name, item, "No such member")
        elif item is not None:
            yield from violations(shape.members[name], item, prefix + name)
        elif name not in shape.required_members:
            yield _violation(prefix + name, None, "Member that has no value must be left out")
    if shape.is_tagged_union and len(value) != 1:
        yield _violation(path, sorted(value), "Exactly one member must be set")


def _violations_of_value(shape: Shape, value: object, path: str) -> Iterator[str]:
    if isinstance(value, (int, float)):
        size, what = float(value), "value"
    elif isinstance(value, (str, bytes, list, dict)):
        size, what = float(len(value)), "length"
    else:
        return
    if size < shape.metadata.get("min", size):
        yield _violation(path, value, f"Member must have {what} greater than or equal to {shape.metadata['min']}")
    elif size > shape.metadata.get("max", size):
        yield _violation(path, value, f"Member must have {what} less than or equal to {shape.metadata['max']}")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        pattern = shape.metadata.get("pattern")
        if shape.enum and value not in shape.enum:
            yield _violation(path, value, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
        if pattern and not _compiled(pattern).fullmatch(value):
            yield _violation(path, value, f"Member must satisfy regular expression pattern: {pattern}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _violation(path: str, value: object, constraint: str) -> str:
    shown = "null" if value is None else f"'{str(value)[:200]}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def wire_name(name: str, shape: Shape) -> str:
    return str(shape.serialization.get("name", name))


def to_wire(shape: Shape, value: object) -> object:
    """A value that keeps to the shape, as JSON holds it."""
    if isinstance(shape, StructureShape) and isinstance(value, dict) and not shape.is_document_type:
        return {
            wire_name(name, shape.members[name]): to_wire(shape.members[name], item) for name, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_wire(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: to_wire(shape.value, item) for key, item in value.items()}
    if isinstance(value, datetime):
        iso8601 = shape.serialization.get("timestampFormat") == "iso8601"
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if iso8601 else value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def from_wire(shape: Shape, value: object) -> object:
    """The reverse of `to_wire`, for what a client sent.

    Members that the shape lacks are dropped, as AWS does. What cannot be read stays as it is, for `violations` to name.
    """
    if isinstance(shape, StructureShape) and isinstance(value, dict) and not shape.is_document_type:
        present = {
            name: value[wire_name(name, member)]
            for name, member in shape.members.items()
            if value.get(wire_name(name, member)) is not None
        }
        return {name: from_wire(shape.members[name], item) for name, item in present.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [from_wire(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: from_wire(shape.value, item) for key, item in value.items()}
    try:
        if shape.type_name == "timestamp" and isinstance(value, str):
            return parse_timestamp(value).astimezone(UTC)
        if shape.type_name == "timestamp" and isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, UTC)
        if shape.type_name == "blob" and isinstance(value, str):
            return base64.b64decode(value)
    except ValueError:
        return value
    return value


def from_text(shape: Shape, text: str) -> object:
    """A value that travelled in the path, the query string or a header."""
    if shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", text):
        return int(text)
    if shape.type_name == "boolean" and text in ("true", "false"):
        return text == "true"
    return from_wire(shape, text)
