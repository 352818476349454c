"""What Auto Scaling refuses before it looks at any resource: its model's constraints.

Source: botocore's model of the service (required members, enumerations, lengths, ranges);
the wording is that of AWS's query services ("1 validation error detected: ...").
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from sandbox.autoscaling.errors import invalid

NOT_TEXT = frozenset({"XmlStringUserData"})


def check(shape: Shape | None, parameters: Mapping[str, Any]) -> None:
    """Raise ``ValidationError`` naming everything that *parameters* break of *shape*."""
    if not isinstance(shape, StructureShape):
        return
    found = list(_broken(shape, parameters, ""))
    if found:
        errors = "error" if len(found) == 1 else "errors"
        raise invalid(f"{len(found)} validation {errors} detected: " + "; ".join(found))


def _broken(shape: StructureShape, given: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if given.get(name) is None:
            where = _where(path, name)
            yield (f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
    for name, value in given.items():
        member = shape.members.get(name)
        if member is not None and value is not None:
            yield from _value(member, value, _where(path, name))


def _value(shape: Shape, value: Any, where: str) -> Iterator[str]:  # noqa: ANN401
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        yield from _broken(shape, value, where)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for at, each in enumerate(value, 1):
            yield from _value(shape.member, each, f"{where}.{at}.member")
    else:
        rule = _rule(shape, value)
        if rule:
            yield f"Value '{value}' at '{where}' failed to satisfy constraint: Member must {rule}"


def _rule(shape: Shape, value: object) -> str | None:
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        return f"satisfy enum value set: [{', '.join(enum)}]"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "integer":
        return _range(value, least, most)
    if shape.type_name == "string" and shape.name not in NOT_TEXT:
        return _length(str(value), least, most, shape.metadata.get("pattern"))
    return None


def _range(value: object, least: int | None, most: int | None) -> str | None:
    number = int(str(value))
    if least is not None and number < least:
        return f"have value greater than or equal to {least}"
    if most is not None and number > most:
        return f"have value less than or equal to {most}"
    return None


def _length(text: str, least: int | None, most: int | None, pattern: str | None) -> str | None:
    if least is not None and len(text) < least:
        return f"have length greater than or equal to {least}"
    if most is not None and len(text) > most:
        return f"have length less than or equal to {most}"
    if pattern and "\\u" not in pattern and not re.fullmatch(pattern, text):
        return f"satisfy regular expression pattern: {pattern}"
    return None


def _where(path: str, name: str) -> str:
    lowered = name[0].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered
