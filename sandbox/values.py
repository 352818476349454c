"""Which values an EC2 action takes, as its botocore model says: enums, ranges, 32 bits.

Source of the codes: EC2 API Reference, "Error codes for the Amazon EC2 API":
``InvalidParameterValue``, and ``MissingParameter`` for a required text that is empty [NV].
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from botocore.model import ListShape, Shape, StructureShape

from sandbox.calls import Call
from sandbox.masking import Json
from sandbox.replies import NOT_IN_XML, Refusal

OWN_CODES = frozenset({"InstanceType", "PermissionGroup", "VolumeType"})
"""Enums for which EC2 has codes of their own; the actions that take them check them."""
LARGEST_INTEGER = 2**31 - 1
_BETWEEN = re.compile(r"between ([\d,]+) and ([\d,]+)")
_MARKUP = re.compile(r"<[^>]+>")


class Leaf(NamedTuple):
    """One scalar of a request, where it stands in it and what it is."""

    name: str
    shape: Shape
    value: Json
    depth: int
    """How many structures it is in; an item of a list is as deep as the list."""


def check(call: Call) -> None:
    """Refuse what the model of the action does not allow.

    That EC2 refuses text that XML cannot carry is [NV].
    """
    shape = call.operation.input_shape if call.operation else None
    if not isinstance(shape, StructureShape):
        return
    for name in shape.required_members:
        if call.parameters.get(name) == "":
            raise Refusal("MissingParameter", f"The request must contain the parameter {name}")
    for leaf in leaves(shape, call.parameters):
        _check_leaf(leaf)


def leaves(shape: Shape, value: Json, name: str = "", depth: int = 0) -> Iterator[Leaf]:
    """Every scalar in *value*, which is shaped like *shape*."""
    if isinstance(shape, StructureShape):
        members = value.items() if isinstance(value, dict) else ()
        for key, each in members:
            if key in shape.members:
                yield from leaves(shape.members[key], each, key, depth + 1)
    elif isinstance(shape, ListShape):
        for each in value if isinstance(value, list) else ():
            yield from leaves(shape.member, each, name, depth)
    elif value is not None:
        yield Leaf(name, shape, value, depth)


def _check_leaf(leaf: Leaf) -> None:
    if isinstance(leaf.value, str) and NOT_IN_XML.search(leaf.value):
        raise _invalid(leaf, "It has a character that is not allowed.")
    if leaf.shape.type_name == "string" and leaf.shape.name not in OWN_CODES:
        choices: list[str] = leaf.shape.metadata.get("enum", [])
        if choices and leaf.value not in choices:
            raise _invalid(leaf, f"It must be one of {', '.join(choices[:20])}.")
    elif leaf.shape.type_name == "integer" and isinstance(leaf.value, int):
        if abs(leaf.value) > LARGEST_INTEGER:
            raise _invalid(leaf, "It is not a 32-bit integer.")
        _check_range(leaf, leaf.value)


def _check_range(leaf: Leaf, value: int) -> None:
    least, most = _range(leaf.shape)
    if least is not None and value < least:
        raise _invalid(leaf, f"Expecting a value greater than {least}.")
    if most is not None and value > most:
        raise _invalid(leaf, f"Expecting a value less than {most}.")


@cache
def _range(shape: Shape) -> tuple[int | None, int | None]:
    """What the model says the smallest and the largest are, else what its sentence says."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is None and most is None:
        said = _BETWEEN.search(_MARKUP.sub("", shape.documentation))
        if said is not None:
            return int(said[1].replace(",", "")), int(said[2].replace(",", ""))
    return least, most


def _invalid(leaf: Leaf, why: str) -> Refusal:
    name = leaf.name[:1].lower() + leaf.name[1:]
    return Refusal(
        "InvalidParameterValue",
        f"Value ( {leaf.value} ) for parameter {name} is invalid. {why}",
    )
