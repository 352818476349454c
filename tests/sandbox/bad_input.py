"""Requests that are wrong in one way each, made from botocore's models, and what may be answered.

An answer is AWS-shaped when an SDK can read it: XML or JSON with a code, never a 5xx,
never HTML.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from moto.core.models import botocore_stubber
from moto.core.utils import get_service_model

from sandbox.ec2.id_kinds import KINDS
from sandbox.ec2.ids import kind_of
from sandbox.parameters import sent_as
from sandbox.values import Leaf

STRANGE = "\u00e9\x01\u2603<&>"
TOO_LARGE = 2**40
UNKNOWN_HEX = "0123456789abcdef0"
DEEPEST = 4

Value = Callable[[Leaf], Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    kind: str
    body: str

    @property
    def code(self) -> str:
        """The error code; ``ok`` when there is none."""
        if self.status < 400:
            return "ok"
        if self.body.lstrip().startswith("{"):
            document = json.loads(self.body)
            return str(document.get("__type") or document.get("code")).rpartition("#")[2]
        found = re.search(r"<Code>([^<]+)</Code>", self.body)
        return found[1] if found else ""

    @property
    def complaint(self) -> str:
        """Why no SDK should ever get this; empty when all is well."""
        if self.status >= 500:
            return f"{self.status} {self.body[:200]}"
        if "html" in self.kind.lower() or "Traceback" in self.body:
            return f"a page or a traceback: {self.body[:200]}"
        try:
            if self.body.lstrip().startswith("<"):
                ET.fromstring(self.body)  # noqa: S314 - our own
        except ET.ParseError as error:
            return f"unreadable: {error}"
        return "" if self.code else f"no code: {self.body[:200]}"


def service(name: str) -> ServiceModel:
    """The model of a service."""
    model: ServiceModel = get_service_model(name)
    return model


def ask(operation: OperationModel, document: dict[str, Any], **more: str) -> Answer:
    """Send *document* as it is, in the service's protocol, past what an SDK would check."""
    model = operation.service_model
    headers = HTTPHeaders()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential=123456789012/20261123/us-east-1/{model.signing_name}"
        "/aws4_request, SignedHeaders=host, Signature=0"
    )
    if model.metadata["protocol"] == "json":
        headers["Content-Type"] = f"application/x-amz-json-{model.metadata['jsonVersion']}"
        headers["X-Amz-Target"] = f"{model.metadata['targetPrefix']}.{operation.name}"
        body = json.dumps({**document, **more}).encode()
    else:
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        form = {"Action": operation.name, "Version": model.api_version, **more}
        body = urlencode({**form, **_flat(operation, document)}).encode()
    url = f"https://{model.endpoint_prefix}.us-east-1.amazonaws.com/"
    request = AWSPreparedRequest("POST", url, headers, body, stream_output=False)
    answer: Any = botocore_stubber.process_request(request)
    status, kinds, said = answer
    kind = {name.lower(): str(value) for name, value in kinds.items()}.get("content-type", "")
    return Answer(status, kind, said.decode() if isinstance(said, bytes) else said)


def wrongs(operation: OperationModel) -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """Each way to be wrong: its name, the document to send, and form fields besides."""
    shape = operation.input_shape
    least = filled(shape, proper) if shape else {}
    yield "unknown ids", least, {}
    yield "nothing", {}, {}
    yield "an unknown parameter", least, {"Colour": "red"}
    if not isinstance(shape, StructureShape) or not shape.members:
        return
    yield "empty texts", filled(shape, lambda _: ""), {}
    yield "malformed ids", filled(shape, malformed_id), {}
    yield "strange characters", filled(shape, lambda leaf: _text_or(leaf, STRANGE)), {}
    yield "everything", filled(shape, proper, everything=True), {}
    yield "everything empty", filled(shape, lambda _: "", everything=True), {}
    yield "other enums", filled(shape, _outside, everything=True), {}
    yield "large numbers", filled(shape, lambda leaf: _number_or(leaf, TOO_LARGE)), {}
    yield "negative numbers", filled(shape, lambda leaf: _number_or(leaf, -7), everything=True), {}
    for name, value in (
        ("Filters", [{"Name": "nonsense", "Values": ["x"]}]),
        ("NextToken", "nonsense"),
        ("MaxResults", TOO_LARGE),
        ("DryRun", True),
    ):
        if name in shape.members and (
            name != "Filters" or operation.service_model.service_name == "ec2"
        ):
            yield f"a wrong {name}", {**least, name: value}, {}


def filled(
    shape: Shape, value: Value, *, everything: bool = False, name: str = "", depth: int = 0
) -> Any:  # noqa: ANN401 - whatever the shape is of
    """A document of *shape* with what is required, or everything, each scalar from *value*.

    What is nested and requires nothing has its first member: a form cannot say ``{}``.
    """
    if isinstance(shape, StructureShape):
        least = shape.required_members or (list(shape.members)[:1] if 0 < depth < DEEPEST else [])
        return {
            member: filled(each, value, everything=everything, name=member, depth=depth + 1)
            for member, each in shape.members.items()
            if member in least or (everything and depth < DEEPEST and member != "DryRun")
        }
    if isinstance(shape, ListShape):
        return [filled(shape.member, value, everything=everything, name=name, depth=depth)]
    if isinstance(shape, MapShape):
        return {"k": filled(shape.value, value, everything=everything, name=name, depth=depth)}
    return value(Leaf(name, shape, None, depth))


def proper(leaf: Leaf) -> Any:  # noqa: ANN401 - whatever the shape is of
    """A value as the model wants it; an id that nothing has."""
    kind = kind_of(leaf)
    if kind is not None:
        return f"{kind.prefix}-{UNKNOWN_HEX}"
    usual = {
        "integer": 5,
        "long": 5,
        "double": 1.0,
        "float": 1.0,
        "boolean": True,
        "timestamp": "2026-11-24T00:00:00Z",
        "blob": "aGVsbG8=",
    }
    choices = leaf.shape.metadata.get("enum")
    return choices[0] if choices else usual.get(leaf.shape.type_name, "text")


def malformed_id(leaf: Leaf) -> Any:  # noqa: ANN401 - whatever the shape is of
    """The same, but what cannot be an id where the model wants one."""
    return "x" if kind_of(leaf) else proper(leaf)


def id_kinds(operation: OperationModel) -> list[str]:
    """The kinds of the ids that the operation requires."""
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return []
    found = []
    for name in shape.required_members:
        member = shape.members[name]
        scalar = member.member if isinstance(member, ListShape) else member
        kind = kind_of(Leaf(name, scalar, None, 1))
        found += [each for each, held in KINDS.items() if held is kind]
    return found


def _text_or(leaf: Leaf, text: str) -> Any:  # noqa: ANN401
    return text if leaf.shape.type_name == "string" else proper(leaf)


def _number_or(leaf: Leaf, number: int) -> Any:  # noqa: ANN401
    return number if leaf.shape.type_name in ("integer", "long") else proper(leaf)


def _outside(leaf: Leaf) -> Any:  # noqa: ANN401
    return "nonsense" if leaf.shape.metadata.get("enum") else proper(leaf)


def _flat(operation: OperationModel, document: dict[str, Any]) -> dict[str, str]:
    """The form of *document*: members dotted, items numbered."""
    is_ec2 = operation.service_model.metadata["protocol"] == "ec2"
    return dict(_fields(document, operation.input_shape, "", is_ec2=is_ec2))


def _fields(
    value: Any,  # noqa: ANN401
    shape: Shape | None,
    at: str,
    *,
    is_ec2: bool,
) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and isinstance(shape, StructureShape):
        for name, each in value.items():
            member = shape.members[name]
            sent = sent_as(name, member) if is_ec2 else name
            yield from _fields(each, member, f"{at}.{sent}" if at else sent, is_ec2=is_ec2)
    elif isinstance(value, list) and isinstance(shape, ListShape):
        for number, each in enumerate(value, 1):
            item = f"{at}.{number}" if is_ec2 else f"{at}.member.{number}"
            yield from _fields(each, shape.member, item, is_ec2=is_ec2)
    elif isinstance(value, bool):
        yield at, str(value).lower()
    elif not isinstance(value, dict):
        yield at, str(value)
