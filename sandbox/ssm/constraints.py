"""What SSM says of a request that its own model forbids: ``ValidationException``.

Source: botocore's model of SSM (``required``, ``enum``, ``min``, ``max``, ``pattern``). boto3
itself checks little of it, so the service has to.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.core.model import OperationModel
from moto.ssm.exceptions import ValidationException

MOST_SHOWN = 10


def check(operation: OperationModel, request: Mapping[str, Any]) -> None:
    """Refuse what the model does not allow, every problem named."""
    shape = operation.input_shape
    problems = list(_structure(shape, request, ()))[:MOST_SHOWN] if shape is not None else []
    if problems:
        plural = "" if len(problems) == 1 else "s"
        raise ValidationException(
            f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}"
        )


def _problems(shape: Shape, value: Any, path: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401
    if isinstance(shape, StructureShape):
        if isinstance(value, Mapping):
            yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _list(shape, value, path)
    elif isinstance(shape, MapShape):
        yield from _size(shape, value, path)
    elif isinstance(value, str):
        yield from _text(shape, value, path)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from _number(shape, value, path)


def _structure(
    shape: StructureShape, value: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            where = ".".join((*path, _lower(name)))
            yield (f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _problems(member, value[name], (*path, _lower(name)))


def _list(shape: ListShape, value: Any, path: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(value, list):
        return
    yield from _size(shape, value, path)
    for number, each in enumerate(value, start=1):
        yield from _problems(shape.member, each, (*path, str(number), "member"))


def _size(shape: Shape, value: Any, path: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        yield _says(shape, value, path, f"have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _says(shape, value, path, f"have length less than or equal to {most}")


def _text(shape: Shape, value: str, path: tuple[str, ...]) -> Iterator[str]:
    yield from _size(shape, value, path)
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield _says(shape, value, path, f"satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled is not None and not compiled.fullmatch(value):
        yield _says(shape, value, path, f"satisfy regular expression pattern: {pattern}")


def _number(shape: Shape, value: int, path: tuple[str, ...]) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _says(shape, value, path, f"have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _says(shape, value, path, f"have value less than or equal to {most}")


def _says(shape: Shape, value: object, path: tuple[str, ...], must: str) -> str:
    shown = "" if shape.metadata.get("sensitive") else f" '{value}'"
    return f"Value{shown} at '{'.'.join(path)}' failed to satisfy constraint: Member must {must}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern, unless it uses what Python's expressions do not have."""
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
