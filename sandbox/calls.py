"""What was asked of AWS: each request read into a ``Call``, and the record of them all."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import Lock
from typing import Any
from uuid import uuid4

from botocore.model import OperationNotFoundError
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from sandbox.accounts import DEFAULT_REGION, caller
from sandbox.constraints import violations
from sandbox.masking import Json, plain

SIGNED_AS = {
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
    "states": "stepfunctions",
    "servicequotas": "service-quotas",
    "elasticfilesystem": "efs",
    "email": "ses",
    "s3express": "s3",
}
"""Services whose signing name is not botocore's name for them."""

CONSTRAINED = frozenset({"query", "json", "rest-json"})
"""The protocols whose services check the constraints of their models."""

ELB_CLASSIC = "2012-06-01"
_NOT_A_NUMBER = re.compile(
    r"(?:invalid literal for int\(\) with base 10|could not convert string to float): (.*)",
    re.DOTALL,
)
_HOST = re.compile(r"^([a-z0-9-]+)\.(?:([a-z0-9-]+)\.)?amazonaws\.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: who asks which service for what, where."""

    id: str
    account: str
    region: str
    service: str
    action: str
    protocol: str
    operation: OperationModel | None
    parameters: dict[str, Json]
    names: tuple[str, ...] = ()
    """The parameter names as sent, for protocols that send a form."""
    malformed: str | None = None
    """Why the request could not be read."""
    forbidden: tuple[str, ...] = ()
    """What the model does not allow of it, a sentence each (EC2 has rules of its own)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A call that has been answered."""

    time: datetime
    call: Call
    outcome: str

    def as_json(self) -> dict[str, Json]:
        """The record as the control API tells it."""
        call = self.call
        return {
            "time": self.time.isoformat(),
            "account": call.account,
            "region": call.region,
            "service": call.service,
            "action": call.action,
            "parameters": call.parameters,
            "outcome": self.outcome,
        }


class Calls:
    """Every call so far, oldest first."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._lock = Lock()

    def add(self, record: Record) -> None:
        """Remember one answered call."""
        with self._lock:
            self._records.append(record)

    def all(self) -> list[dict[str, Json]]:
        """What was called, in the order the answers were given."""
        with self._lock:
            return [record.as_json() for record in self._records]

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._records.clear()


calls = Calls()


def read_call(request: Request) -> Call:
    """Say what *request* asks for; never raises, whatever was sent."""
    who = caller(request)
    service = _service(request, who.service)
    action, protocol, operation, malformed = "", "json", None, None
    parameters: dict[str, Json] = {}
    forbidden: tuple[str, ...] = ()
    try:
        model = get_service_model(service)
        protocol = determine_request_protocol(model, request.content_type)
        action, path = _action(service, request)
        operation = model.operation_model(action)
        sent = _parameters(protocol, operation, request, path)
        parameters = _shown(sent, operation)
        if protocol in CONSTRAINED and operation.input_shape is not None:
            forbidden = tuple(violations(operation.input_shape, sent))
    except OperationNotFoundError:
        pass
    except Exception as error:  # noqa: BLE001 - whatever a stranger sends is still a call
        malformed = _complaint(error)
    return Call(
        id=str(uuid4()),
        account=who.account,
        region=who.region or DEFAULT_REGION,
        service=service,
        action=action,
        protocol=protocol,
        operation=operation,
        parameters=parameters,
        names=tuple(request.form) if protocol in ("ec2", "query") else (),
        malformed=malformed,
        forbidden=forbidden,
    )


def _complaint(error: Exception) -> str:
    """What is wrong with a value, without Python's words for it."""
    number = _NOT_A_NUMBER.fullmatch(str(error))
    return f"{number[1]} is not a number" if number else str(error)


def _service(request: Request, signed_as: str) -> str:
    if not signed_as:
        host = _HOST.match(request.host)
        signed_as = host[1] if host else "s3"
    if signed_as == "elasticloadbalancing":
        return "elb" if request.values.get("Version") == ELB_CLASSIC else "elbv2"
    target = request.headers.get("X-Amz-Target", "")
    if signed_as == "dynamodb" and target.startswith("DynamoDBStreams"):
        return "dynamodbstreams"
    return SIGNED_AS.get(signed_as, signed_as)


def _action(service: str, request: Request) -> tuple[str, dict[str, str]]:
    named = request.values.get("Action")
    if named:
        return named, {}
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2], {}
    try:
        operation, path = get_service_router(service).match(request)
    except NotFound:
        return f"{request.method} {request.path}", {}
    return str(operation.name), path


@cache
def _parser_is_known(protocol: str) -> bool:
    return protocol in PROTOCOL_PARSERS


def _parameters(
    protocol: str, operation: OperationModel, request: Request, path: dict[str, str]
) -> dict[str, Any]:
    """What was sent, as it is: nothing of it may leave this module unmasked."""
    if operation.input_shape is None or not _parser_is_known(protocol):
        return {}
    if protocol == "json" and request.data:
        json.loads(request.data)
    parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": path,
        }
    )
    return parsed


def _shown(sent: dict[str, Any], operation: OperationModel) -> dict[str, Json]:
    shown = plain(sent, operation.input_shape)
    return shown if isinstance(shown, dict) else {}
