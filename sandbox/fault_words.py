"""What each service says when it refuses: too fast, not allowed, broken.

Sources: EC2 API Reference, "Error codes"; the Common Errors pages of the query services;
botocore's models, the exceptions of each service; DynamoDB Developer Guide, "Error
handling"; Amazon S3 API Reference, "Error responses".
"""

from sandbox.calls import Call
from sandbox.replies import Refusal

DATA_PLANE = frozenset(
    {
        "BatchExecuteStatement",
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "ExecuteStatement",
        "ExecuteTransaction",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)
"""DynamoDB's calls that read and write items."""

_THROTTLED = {
    "ec2": Refusal("RequestLimitExceeded", "Request limit exceeded.", 503),
    "ebs": Refusal("RequestThrottledException", "Rate exceeded", 400),
    "lambda": Refusal("TooManyRequestsException", "Rate Exceeded.", 429),
    "s3": Refusal("SlowDown", "Please reduce your request rate.", 503),
}
_TOO_MUCH_DATA = Refusal(
    "ProvisionedThroughputExceededException",
    "The level of configured provisioned throughput for the table was exceeded. Consider "
    "increasing your provisioning level with the UpdateTable API.",
    400,
)

_BROKEN = {
    "ec2": "InternalError",
    "s3": "InternalError",
    "dynamodb": "InternalServerError",
    "ssm": "InternalServerError",
    "kms": "KMSInternalException",
    "events": "InternalException",
    "ebs": "InternalServerException",
    "rbin": "InternalServerException",
    "lambda": "ServiceException",
}

SERVER_ERRORS = frozenset(
    {
        *_BROKEN.values(),
        "InternalFailure",
        "InsufficientAddressCapacity",
        "InsufficientCapacity",
        "InsufficientHostCapacity",
        "InsufficientInstanceCapacity",
        "InsufficientReservedInstanceCapacity",
        "InsufficientVolumeCapacity",
        "ServerInternal",
    }
)
"""Codes that come with status 500 (EC2 API Reference, "Server error codes")."""
UNAVAILABLE = frozenset({"RequestLimitExceeded", "ServiceUnavailable", "Unavailable", "SlowDown"})
"""Codes that come with status 503."""


def throttled(call: Call) -> Refusal:
    """What AWS says to a caller who is too fast."""
    if call.service == "dynamodb" and call.action in DATA_PLANE:
        return _TOO_MUCH_DATA
    if call.service in _THROTTLED:
        return _THROTTLED[call.service]
    code = "Throttling" if call.protocol in ("query", "rest-xml") else "ThrottlingException"
    return Refusal(code, "Rate exceeded", 400)


def denied(call: Call) -> Refusal:
    """What AWS says to a caller whose policies do not allow the call."""
    if call.protocol == "ec2":
        what = f"You are not authorized to perform: {call.service}:{call.action}"
        return Refusal("UnauthorizedOperation", what, 403)
    code = "AccessDenied" if call.protocol in ("query", "rest-xml") else "AccessDeniedException"
    what = (
        f"User: arn:aws:iam::{call.account}:user/sandbox is not authorized to perform: "
        f"{call.service}:{call.action}"
    )
    return Refusal(code, what, 400 if call.protocol == "json" else 403)


def broken(call: Call, *, code: str = "", message: str = "", status: int = 0) -> Refusal:
    """An error as asked for; without a code an internal one of the service's own."""
    code = code or _internal(call, status)
    message = message or "An error was asked for."
    return Refusal(code, message, status or status_of(code))


def status_of(code: str) -> int:
    """The HTTP status that comes with an error code unless somebody asks for another."""
    if code in UNAVAILABLE:
        return 503
    return 500 if code in SERVER_ERRORS else 400


def _internal(call: Call, status: int) -> str:
    if status == 503:
        return "Unavailable" if call.protocol == "ec2" else "ServiceUnavailable"
    return _BROKEN.get(call.service, "InternalFailure")
