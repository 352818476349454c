"""Answers written straight from documents: what makes a page of 1,000 quick.

moto's serialiser looks for every member of the model under several names in any kind of
object. A document that is already shaped like the model needs none of that.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, Shape, StructureShape
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionContext, ActionResult
from moto.ec2.responses import EC2Response
from moto.moto_api._internal import mock_random
from moto.utilities.aws_headers import gen_amzn_requestid_long
from typing_extensions import override

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"

Document = Mapping[str, Any]
Write = Callable[[str], None]
Writer = Callable[[Any, Write], None]


class WireActions(EC2Response):
    """How every answer of EC2 leaves."""

    @staticmethod
    @override
    def _enrich_response(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
        """As moto's, which looks through megabytes for a request id that the gate knows."""
        if "status" in headers:
            headers["status"] = str(headers["status"])
        gen_amzn_requestid_long(headers)
        return headers, body


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
            _members(shape).write(self._document, out.append)
        out.append(f"</{name}>")
        return 200, {"Content-Type": "text/xml;charset=UTF-8"}, "".join(out)


def aware(moment: datetime) -> datetime:
    """A request's time with its zone: moto reads them as naive UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@cache
def _members(shape: StructureShape) -> "_Members":
    """The members of *shape*, kept: a shape is met once, its answers many times."""
    return _Members(shape)


@cache
def _writer(shape: Shape, name: str) -> Writer:
    """What writes a value of *shape* as the element *name*; looked at once for each shape."""
    begin, end = f"<{name}>", f"</{name}>"
    if isinstance(shape, StructureShape):
        members = _members(shape)

        def write_structure(value: Any, write: Write) -> None:  # noqa: ANN401
            write(begin)
            members.write(value, write)
            write(end)

        return write_structure
    if isinstance(shape, ListShape):
        items = _Items(shape.member)

        def write_list(value: Any, write: Write) -> None:  # noqa: ANN401
            write(begin)
            items.write(value, write)
            write(end)

        return write_list

    def write_scalar(value: Any, write: Write) -> None:  # noqa: ANN401
        text = value if type(value) is str else _scalar(value)
        if "&" in text or "<" in text or ">" in text:
            text = escape(text)
        write(f"{begin}{text}{end}")

    return write_scalar


class _Members:
    """Writes a structure's members; shapes may hold themselves, so each is met when needed."""

    def __init__(self, shape: StructureShape) -> None:
        self._shape = shape
        self._writers: dict[str, Writer] = {}

    def write(self, value: Document, write: Write) -> None:
        writers = self._writers
        for key, each in value.items():
            if each is not None:
                (writers.get(key) or self._meet(key))(each, write)

    def _meet(self, key: str) -> Writer:
        member = self._shape.members[key]
        found = self._writers[key] = _writer(member, member.serialization.get("name", key))
        return found


class _Items:
    """Writes a list's items."""

    def __init__(self, member: Shape) -> None:
        self._member = member
        self._name = member.serialization.get("name", "item")

    def write(self, value: Iterable[Any], write: Write) -> None:
        writer = _writer(self._member, self._name)
        for each in value:
            writer(each, write)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return str(value)
