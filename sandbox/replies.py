"""Errors in AWS's words: the same code and message, in each service's own protocol."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple
from uuid import uuid4
from xml.sax.saxutils import escape

from botocore.exceptions import ClientError
from botocore.model import OperationNotFoundError
from moto.core.exceptions import ServiceException

_FILTER = re.compile(r"filter '([^']+)'|Moto for '([^']+)' yet")
NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow, escaped or not."""
_CODE = re.compile(rb"<Code>([^<]*)</Code>")


class Reply(NamedTuple):
    """A whole HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Refusal(Exception):  # noqa: N818 - an answer AWS gives, not a failure of ours
    """AWS says no: *code* and *message* as the client will see them.

    *details* are the further members that an error has in a JSON service's model.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = details or {}


def refusal(protocol: str, error: Refusal) -> Reply:
    """Word *error* for a client that speaks *protocol* (botocore's protocol names)."""
    request_id = str(uuid4())
    if protocol in ("json", "rest-json"):
        document = json.dumps({"__type": error.code, "message": error.message, **error.details})
        kind = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
    else:
        document = _xml(protocol, error, request_id)
        kind = "text/xml;charset=UTF-8"
    headers = {
        "Content-Type": kind,
        "x-amzn-RequestId": request_id,
        "x-amzn-ErrorType": error.code,
    }
    return Reply(error.status, headers, document.encode())


def _xml(protocol: str, error: Refusal, request_id: str) -> str:
    message = escape(NOT_IN_XML.sub("?", error.message))
    what = f"<Code>{escape(error.code)}</Code><Message>{message}</Message>"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    if protocol == "ec2":
        return (
            f"{head}<Response><Errors><Error>{what}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    if protocol == "rest-xml":
        return f"{head}<Error>{what}<RequestId>{request_id}</RequestId></Error>"
    fault = "Sender" if error.status < 500 else "Receiver"
    return (
        f"{head}<ErrorResponse><Error><Type>{fault}</Type>{what}</Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )


def unknown_action(protocol: str, action: str) -> Refusal:
    """What AWS says of an action that it does not have, or that is not named (Common Errors).

    A request that names none is called by its method and path.
    """
    if protocol in ("ec2", "query"):
        if " /" in action:
            return Refusal("MissingAction", "The request is missing the Action parameter.")
        return Refusal("InvalidAction", f"The action {action} is not valid for this web service.")
    return Refusal("UnknownOperationException", f"The operation {action} is not known here.")


def from_exception(protocol: str, action: str, error: Exception) -> Refusal:
    """The AWS error that stands for *error*, whatever moto raised."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, ServiceException):
        return Refusal(error.code, error.message)
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        return Refusal(said.get("Code", "ValidationError"), said.get("Message", ""))
    if isinstance(error, NotImplementedError | OperationNotFoundError):
        named = _FILTER.search(str(error))
        if named is not None:
            name = named[1] or named[2]
            return Refusal("InvalidParameterValue", f"The filter '{name}' is invalid")
        return unknown_action(protocol, action)
    return internal_error(protocol)


def internal_error(protocol: str) -> Refusal:
    """What AWS says of its own failures (Common Errors pages)."""
    code = "InternalError" if protocol in ("ec2", "rest-xml") else "InternalFailure"
    return Refusal(code, "An internal error has occurred", 500)


def code_of(reply: Reply) -> str:
    """``ok``, or the error code that *reply* carries, for the record of calls."""
    if reply.status < 400:
        return "ok"
    found = _CODE.search(reply.body)
    if found is not None:
        return found[1].decode()
    try:
        document = json.loads(reply.body)
        return str(document.get("__type") or document["code"]).rpartition("#")[2]
    except (ValueError, KeyError, AttributeError):
        named = {name.lower(): value for name, value in reply.headers.items()}
        return named.get("x-amzn-errortype", str(reply.status)).partition(":")[0]
