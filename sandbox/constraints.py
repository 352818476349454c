"""What a botocore model does not allow of a request's values, in AWS's words.

Source: botocore's models (``required``, ``enum``, ``min``, ``max``, ``pattern``). botocore itself
checks required members and least values before it sends; the services check all of it. The
wording of what is in a list or a map is what AWS's services answer, documented nowhere [NV].
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from botocore.model import ListShape, MapShape, Shape, StructureShape

from sandbox.masking import SECRET_NAMES


class WrongTypeError(ValueError):
    """A value that is of another type than the model's; the sentence has no value in it."""


def violations(shape: StructureShape, value: Mapping[str, object]) -> list[str]:
    """A sentence for everything in *value* that the model of *shape* does not allow.

    What the model calls sensitive is never shown. Raises ``WrongTypeError``.
    """
    return list(_of_structure(shape, value, "", hidden=False))


def sentence(found: Sequence[str]) -> str:
    """The message that has all that was *found*, counted."""
    plural = "" if len(found) == 1 else "s"
    return f"{len(found)} validation error{plural} detected: {'; '.join(found)}"


def _of_structure(
    shape: StructureShape, value: Mapping[str, object], path: str, *, hidden: bool
) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _failure(" null", _at(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            secret = hidden or name in SECRET_NAMES
            yield from _of(member, value[name], _at(path, name), hidden=secret)


def _of(shape: Shape, value: object, path: str, *, hidden: bool) -> Iterator[str]:
    _require_type(shape, value)
    hidden = hidden or _has_secrets(shape)
    shown = "" if hidden else f" '{_shown(value)}'"
    yield from (_failure(shown, path, bound) for bound in _bounds(shape, value))
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        if not shape.is_document_type:
            yield from _of_structure(shape, value, path, hidden=hidden)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        held = [(str(at), each) for at, each in enumerate(value, start=1)]
        yield from _of_items(shape.member, held, path, shown, "Member")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        yield from _of_items(shape.key, [("", key) for key in value], path, shown, "Map keys")
        yield from _of_items(shape.value, [*value.items()], path, shown, "Map value")


def _of_items(
    shape: Shape, items: Sequence[tuple[str, object]], path: str, shown: str, which: str
) -> Iterator[str]:
    """Of nested documents each has a path of its own; scalars are told of together."""
    if isinstance(shape, StructureShape | ListShape | MapShape):
        for key, item in items:
            if item is not None:
                yield from _of(shape, item, f"{path}.{key}.member", hidden=not shown)
        return
    for _, item in items:
        _require_type(shape, item)
    if any(item is not None and any(_bounds(shape, item)) for _, item in items):
        rules = ", ".join(_rules(shape).values())
        yield _failure(shown, path, f"{which} must satisfy constraint: [{rules}]")


def _bounds(shape: Shape, value: object) -> Iterator[str]:
    """Which of the rules of *shape* its *value* breaks; its items are not looked at."""
    limits, rules = shape.metadata, _rules(shape)
    size = _size(value)
    if size is not None and size < limits.get("min", size):
        yield rules["min"]
    if size is not None and size > limits.get("max", size):
        yield rules["max"]
    if isinstance(value, str):
        if limits.get("enum") and value not in limits["enum"]:
            yield rules["enum"]
        pattern = _pattern(limits.get("pattern"))
        if pattern is not None and not pattern.fullmatch(value):
            yield rules["pattern"]


def _rules(shape: Shape) -> dict[str, str]:
    limits = shape.metadata
    what = "value" if shape.type_name in NUMBERS else "length"
    found = {
        "max": f"Member must have {what} less than or equal to {limits.get('max')}",
        "min": f"Member must have {what} greater than or equal to {limits.get('min')}",
        "enum": f"Member must satisfy enum value set: [{', '.join(limits.get('enum') or ())}]",
        "pattern": f"Member must satisfy regular expression pattern: {limits.get('pattern')}",
    }
    return {name: rule for name, rule in found.items() if name in limits}


def _size(value: object) -> float | None:
    """What ``min`` and ``max`` are of: a number itself, or how much there is of the rest."""
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else value
    return len(value) if isinstance(value, str | bytes | list | Mapping) else None


NUMBERS = frozenset({"integer", "long", "float", "double"})
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "structure": Mapping,
    "map": Mapping,
    "list": list,
    "string": str,
    "boolean": bool,
}
"""What a value of each type is once it is read; the rest is read strictly already."""


def _require_type(shape: Shape, value: object) -> None:
    if value is None or getattr(shape, "is_document_type", False):
        return
    if not isinstance(value, _TYPES.get(shape.type_name, object)):
        raise WrongTypeError(f"A value of type {shape.type_name} was expected.")


@cache
def _has_secrets(shape: Shape) -> bool:
    """Whether the model calls it, or what it is a list or a map of, sensitive."""
    held = [getattr(shape, name, None) for name in ("member", "key", "value")]
    inner = any(each is not None and _has_secrets(each) for each in held)
    return inner or bool(shape.metadata.get("sensitive"))


def _shown(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


@cache
def _pattern(text: str | None) -> re.Pattern[str] | None:
    """The pattern, where Python can read it: some are Java's only."""
    try:
        return re.compile(text) if text else None
    except re.error:
        return None


def _at(path: str, name: str) -> str:
    return f"{path}.{name[:1].lower()}{name[1:]}".lstrip(".")


def _failure(shown: str, path: str, bound: str) -> str:
    return f"Value{shown} at '{path}' failed to satisfy constraint: {bound}"
