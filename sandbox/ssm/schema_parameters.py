"""The parameters that a document declares, and whether what it refers to is declared.

Source: Systems Manager User Guide, "Data elements and parameters" (``parameters``, "SSM
document parameter type examples").
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

TYPES = frozenset({"String", "StringList", "Boolean", "Integer", "MapList", "StringMap"})
AWS_TYPE = re.compile(r"(List<)?AWS::[A-Za-z0-9]+(::[A-Za-z0-9]+)+>?")
FIELDS = frozenset(
    {
        "type",
        "description",
        "default",
        "allowedValues",
        "allowedPattern",
        "displayType",
        "interpolationType",
        "minItems",
        "maxItems",
        "minChars",
        "maxChars",
    }
)
PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "String": (str, int, float),
    "StringList": list,
    "Boolean": bool,
    "Integer": int,
    "MapList": list,
    "StringMap": dict,
}
REFERENCE = re.compile(r"\{\{\s*([A-Za-z0-9_:./-]+)(?:\[\d+\])?\s*\}\}")
BUILT_IN = frozenset({"platformType"})
SPACES = ("global:", "automation:", "ssm:", "ssm-secure:", "aws:", "variable:")


def problems(document: Mapping[str, Any], *, automation: bool) -> Iterator[str]:
    """What is wrong with the parameters and with the references to them."""
    declared = document.get("parameters", {})
    if not isinstance(declared, Mapping):
        yield "parameters must be an object"
        return
    for name, definition in declared.items():
        yield from _definition(str(name), definition, automation=automation)
    steps = set(_step_names(document)) if automation else set()
    for reference in sorted(references(document.get("mainSteps") or document.get("runtimeConfig"))):
        yield from _reference(reference, declared, steps)


def references(value: Any) -> set[str]:  # noqa: ANN401 - any part of a document
    """Every name that *value* refers to as ``{{ name }}``."""
    if isinstance(value, str):
        return set(REFERENCE.findall(value))
    if isinstance(value, Mapping):
        return {name for part in value.items() for each in part for name in references(each)}
    if isinstance(value, list):
        return {name for each in value for name in references(each)}
    return set()


def base_type(declared: str) -> str:
    """The plain type behind one of AWS's resource types."""
    if declared in TYPES:
        return declared
    return "StringList" if declared.startswith("List<") else "String"


def _definition(name: str, definition: Any, *, automation: bool) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(definition, Mapping):
        yield f"parameter {name} must be an object"
        return
    kind = str(definition.get("type", ""))
    if kind not in TYPES and not (automation and AWS_TYPE.fullmatch(kind)):
        yield f"parameter {name} has the type {kind!r}; it must be one of {sorted(TYPES)}"
        return
    for field in definition:
        if field not in FIELDS:
            yield f"parameter {name} has an unknown field {field}"
    default = definition.get("default")
    expected = PYTHON_TYPES[base_type(kind)]
    fits = isinstance(default, expected) and (expected is bool or not isinstance(default, bool))
    if default is not None and not fits:
        yield f"the default of parameter {name} is not a {kind}"
    if not isinstance(definition.get("allowedValues", []), list):
        yield f"allowedValues of parameter {name} must be a list"
    try:
        re.compile(str(definition.get("allowedPattern", "")))
    except re.error:
        yield f"allowedPattern of parameter {name} is not a regular expression"


def _reference(name: str, declared: Mapping[str, Any], steps: set[str]) -> Iterator[str]:
    if name in declared or name in BUILT_IN or name.startswith(SPACES):
        return
    step, dot, _ = name.partition(".")
    if dot and step in steps:
        return
    yield f"{{{{ {name} }}}} refers to nothing that the document declares"


def _step_names(document: Mapping[str, Any]) -> Iterator[str]:
    steps = document.get("mainSteps")
    for step in steps if isinstance(steps, list) else []:
        if isinstance(step, Mapping) and isinstance(step.get("name"), str):
            yield step["name"]
