"""What a botocore model says of a request's values, in the words of AWS's JSON services.

botocore itself checks only part of it before it sends: required members and least lengths.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from botocore.model import ListShape, Shape, StructureShape


def violations(shape: StructureShape, value: Mapping[str, object]) -> list[str]:
    """A sentence for everything in *value* that the model of *shape* does not allow."""
    return list(_of_structure(shape, value, ""))


def _of_structure(shape: StructureShape, value: Mapping[str, object], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _failure(None, _at(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _of(member, value[name], _at(path, name))


def _of(shape: Shape, value: object, path: str) -> Iterator[str]:
    yield from (_failure(value, path, bound) for bound in _bounds(shape, value))
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        yield from _of_structure(shape, value, path)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for at, item in enumerate(value, start=1):
            yield from _of(shape.member, item, f"{path}.{at}.member")


def _bounds(shape: Shape, value: object) -> Iterator[str]:
    limits = shape.metadata
    size = value if isinstance(value, int) else len(value) if isinstance(value, str | list) else 0
    what = "value" if isinstance(value, int) else "length"
    if size < limits.get("min", size):
        yield f"Member must have {what} greater than or equal to {limits['min']}"
    if size > limits.get("max", size):
        yield f"Member must have {what} less than or equal to {limits['max']}"
    if isinstance(value, str):
        if "enum" in limits and value not in limits["enum"]:
            yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"
        pattern = _pattern(limits.get("pattern"))
        if pattern is not None and not pattern.fullmatch(value):
            yield f"Member must satisfy regular expression pattern: {limits['pattern']}"


@cache
def _pattern(text: str | None) -> re.Pattern[str] | None:
    """The pattern, where Python can read it: some are Java's only."""
    try:
        return re.compile(text) if text else None
    except re.error:
        return None


def _at(path: str, name: str) -> str:
    return f"{path}.{name[:1].lower()}{name[1:]}".lstrip(".")


def _failure(value: object, path: str, bound: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {bound}"
