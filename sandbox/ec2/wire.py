"""Answers written straight from documents: what makes a page of 1,000 quick.

moto's serialiser looks for every member of the model under several names in any kind of
object. A document that is already shaped like the model needs none of that.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, Shape, StructureShape
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionContext, ActionResult
from moto.moto_api._internal import mock_random
from typing_extensions import override

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"

Document = Mapping[str, Any]


class DocumentResult(ActionResult):
    """An answer whose members, and theirs, are named as in the model; ``None`` is left out."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document

    @override
    def execute_result(self, context: ActionContext) -> TYPE_RESPONSE:
        """The EC2 protocol's XML of the document."""
        name = f"{context.operation_model.name}Response"
        out = [
            f'<?xml version="1.0" encoding="utf-8"?>\n<{name} xmlns="{NAMESPACE}">',
            f"<requestId>{mock_random.uuid4()}</requestId>",
        ]
        shape = context.operation_model.output_shape
        if isinstance(shape, StructureShape):
            _write_members(out.append, shape, self._document)
        out.append(f"</{name}>")
        return 200, {"Content-Type": "text/xml;charset=UTF-8"}, "".join(out)


def aware(moment: datetime) -> datetime:
    """A request's time with its zone: moto reads them as naive UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _write_members(write: Callable[[str], None], shape: StructureShape, value: Document) -> None:
    members = shape.members
    for key, each in value.items():
        if each is not None:
            member = members[key]
            _write(write, member, member.serialization.get("name", key), each)


def _write(
    write: Callable[[str], None],
    shape: Shape,
    name: str,
    value: Any,  # noqa: ANN401 - whatever the shape is of
) -> None:
    if isinstance(shape, StructureShape):
        write(f"<{name}>")
        _write_members(write, shape, value)
        write(f"</{name}>")
    elif isinstance(shape, ListShape):
        member = shape.member
        item = member.serialization.get("name", "item")
        write(f"<{name}>")
        for each in value:
            _write(write, member, item, each)
        write(f"</{name}>")
    else:
        write(f"<{name}>{_scalar(value)}</{name}>")


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return str(value)
