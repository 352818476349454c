"""Values given for a document's parameters: checked against what it declares, then put in.

Sources: Systems Manager User Guide, "Data elements and parameters" (types, ``allowedValues``,
``allowedPattern``, ``minItems`` ...); SSM API, SendCommand (``InvalidParameters``).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sandbox.ssm.schema_parameters import REFERENCE, base_type

Lookup: TypeAlias = Callable[[str], Any]


class ArgumentError(Exception):
    """The values do not fit the parameters."""


def bind(
    declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, Sequence[str]], lookup: Lookup
) -> dict[str, Any]:
    """A value for every parameter, of its type: the one given, else the default.

    *given* has lists of strings, as requests do; *lookup* answers for ``{{ssm:name}}``. Raises
    ``ArgumentError`` for unknown, missing and unfitting ones. Whether ``allowedPattern`` must
    fit the whole value is [NV]: it must.
    """
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise ArgumentError(f"The document has no parameter {', '.join(unknown)}.")
    bound: dict[str, Any] = {}
    for name, definition in declared.items():
        if given.get(name):
            value = _typed(name, base_type(str(definition["type"])), filled(given[name], lookup))
            for problem in _problems(name, definition, value):
                raise ArgumentError(problem)
        elif definition.get("default") is not None:
            value = filled(definition["default"], lookup)
        else:
            raise ArgumentError(f"The parameter {name} is required and has no value.")
        bound[name] = value
    return bound


def filled(value: Any, lookup: Lookup) -> Any:  # noqa: ANN401 - any part of a document
    """*value* with every ``{{ name }}`` replaced.

    A reference that is a whole text keeps the type of what it stands for; a list where a list's
    item is expected becomes its items.
    """
    if isinstance(value, str):
        whole = REFERENCE.fullmatch(value.strip())
        if whole:
            return lookup(whole[1])
        return REFERENCE.sub(lambda match: as_text(lookup(match[1])), value)
    if isinstance(value, Mapping):
        return {filled(key, lookup): filled(each, lookup) for key, each in value.items()}
    if isinstance(value, list):
        return list(_items(value, lookup))
    return value


def as_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """*value* inside a text: itself, or as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def as_list(value: Any) -> list[str]:  # noqa: ANN401 - any JSON value
    """*value* as requests and answers give parameters: a list of strings."""
    return [as_text(each) for each in (value if isinstance(value, list) else [value])]


def _items(value: Sequence[Any], lookup: Lookup) -> Iterator[Any]:
    for each in value:
        found = filled(each, lookup)
        if isinstance(each, str) and isinstance(found, list):
            yield from found
        else:
            yield found


def _typed(name: str, kind: str, given: Sequence[str]) -> Any:  # noqa: ANN401 - as declared
    if kind == "StringList":
        return list(given)
    if kind == "MapList":
        return [_json(name, each, dict) for each in given]
    if len(given) != 1:
        raise ArgumentError(f"The parameter {name} is a {kind} and takes one value.")
    if kind == "StringMap":
        return _json(name, given[0], dict)
    if kind == "Boolean":
        return _json(name, given[0].lower(), bool)
    if kind == "Integer":
        return _json(name, given[0], int)
    return given[0]


def _json(name: str, text: str, kind: type) -> Any:  # noqa: ANN401 - of that type
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if type(value) is not kind:
        raise ArgumentError(f"The value of the parameter {name} is not of its type.")
    return value


def _problems(name: str, definition: Mapping[str, Any], value: Any) -> Iterator[str]:  # noqa: ANN401
    values = [as_text(each) for each in value] if isinstance(value, list) else [as_text(value)]
    allowed = [as_text(each) for each in definition.get("allowedValues") or []]
    pattern = definition.get("allowedPattern")
    for each in values:
        if allowed and each not in allowed:
            yield f"The value of {name} must be one of {', '.join(allowed)}."
        if pattern and not re.fullmatch(str(pattern), each):
            yield f"The value of {name} does not match its pattern {pattern}."
        if not int(definition.get("minChars", 0)) <= len(each) <= _most(definition, "maxChars"):
            yield f"The value of {name} is too short or too long."
    if not int(definition.get("minItems", 0)) <= len(values) <= _most(definition, "maxItems"):
        yield f"The parameter {name} has too few or too many values."


def _most(definition: Mapping[str, Any], name: str) -> int:
    return int(definition.get(name, 1_000_000))
