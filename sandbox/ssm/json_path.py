"""JSONPath as runbooks use it: children, indexes, ``[*]``, deep scans, tests for equality.

Source: Systems Manager User Guide, "Using JSONPath in runbooks": a deep scan always gives a
list. Filters are Jayway's in AWS; only ``[?(@.name == 'value')]`` is understood here.
"""

import re
from collections.abc import Iterator
from typing import Any

_PART = re.compile(
    r"\.\.(?P<deep>[A-Za-z0-9_-]+)"
    r"|\.(?P<child>[A-Za-z0-9_-]+|\*)"
    r"|\[(?P<index>-?\d+|\*)\]"
    r"|\[['\"](?P<quoted>[^'\"]+)['\"]\]"
    r"|\[\?\(\s*@\.(?P<key>[A-Za-z0-9_.-]+)\s*==\s*['\"]?(?P<value>[^'\")]*?)['\"]?\s*\)\]"
)


class PathError(Exception):
    """The expression is not one, or nothing is there."""


def select(document: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value at *path*; a list when the path may find several.

    Raises ``PathError`` for a path that cannot be read and for one value that is not there.
    """
    found, several = [document], False
    for part in _parts(path):
        found = [each for value in found for each in _step(value, part)]
        several = (
            several
            or bool(part["deep"] or part["key"])
            or "*"
            in (
                part["child"],
                part["index"],
            )
        )
    if several:
        return found
    if not found:
        raise PathError(f"{path} is not in the response")
    return found[0]


def _parts(path: str) -> Iterator[re.Match[str]]:
    if not path.startswith("$"):
        raise PathError(f"{path} does not begin with $")
    position = 1
    while position < len(path):
        part = _PART.match(path, position)
        if part is None:
            raise PathError(f"{path} cannot be read from {path[position:]} on")
        yield part
        position = part.end()


def _step(value: Any, part: re.Match[str]) -> Iterator[Any]:  # noqa: ANN401
    name = part["child"] or part["quoted"]
    if part["deep"]:
        yield from _scan(value, part["deep"])
    elif name == "*" or part["index"] == "*":
        yield from value if isinstance(value, list) else _members(value)
    elif name:
        if isinstance(value, dict) and value.get(name) is not None:
            yield value[name]
    elif part["index"]:
        index = int(part["index"])
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]
    elif isinstance(value, list):
        yield from (each for each in value if _matches(each, part["key"], part["value"]))


def _members(value: Any) -> Iterator[Any]:  # noqa: ANN401
    yield from value.values() if isinstance(value, dict) else ()


def _matches(value: Any, key: str, wanted: str) -> bool:  # noqa: ANN401
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    said = str(value).lower() if isinstance(value, bool) else str(value)
    return value is not None and said == wanted


def _scan(value: Any, name: str) -> Iterator[Any]:  # noqa: ANN401
    if isinstance(value, dict):
        if value.get(name) is not None:
            yield value[name]
        for each in value.values():
            yield from _scan(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _scan(each, name)
