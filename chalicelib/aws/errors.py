"""Turns botocore's errors into ours, once, at the border.

Codes are those of the EC2 API's error-code page and of the service models named
beside them. A code that is not listed is a plain ``AwsError``: unknown means failed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from chalicelib.domain.errors import (
    AwsError,
    ConflictError,
    DeniedError,
    InUseError,
    LaterError,
    MissingError,
    NameTakenError,
)

_MISSING = {
    "InvalidAMIID.NotFound",
    "InvalidAMIID.Unavailable",
    "InvalidAllocationID.NotFound",
    "InvalidAssociationID.NotFound",
    "InvalidInstanceID.NotFound",
    "InvalidSnapshot.NotFound",
    "InvalidVolume.NotFound",
    "ResourceNotFoundException",  # dynamodb, lambda
    "TargetGroupNotFound",  # elbv2
}
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "OptInRequired",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
}
_LATER = {
    "ConcurrentCreateImageNoRebootLimitExceeded",
    "ConcurrentSnapshotLimitExceeded",
    "ConcurrentTagAccess",
    "EC2ThrottledException",
    "IncorrectInstanceState",
    "IncorrectState",
    "InsufficientInstanceCapacity",
    "InternalError",
    "InternalFailure",
    "PendingSnapshotLimitExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SnapshotCreationPerVolumeRateExceeded",
    "Throttling",
    "ThrottlingException",
    "Unavailable",
}
_CONFLICT = {"ConditionalCheckFailedException", "TransactionCanceledException"}
_KINDS: tuple[tuple[set[str], type[AwsError]], ...] = (
    (_MISSING, MissingError),
    (_DENIED, DeniedError),
    (_LATER, LaterError),
    (_CONFLICT, ConflictError),
    ({"InvalidAMIName.Duplicate"}, NameTakenError),
)


def kind_of(code: str) -> type[AwsError]:
    """The kind of error that AWS's *code* stands for."""
    for codes, kind in _KINDS:
        if code in codes:
            return kind
    return InUseError if code.endswith(".InUse") else AwsError


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Say what was being done, so that the error reads as a sentence: "could not ...".

    AWS's message is passed on; none of the calls made here echoes user data in it.
    """
    try:
        yield
    except ClientError as err:
        error = err.response.get("Error", {})
        code = error.get("Code", "Unknown")
        raise kind_of(code)(doing, code, error.get("Message", "")) from err
    except (NoConnectionError, HTTPClientError) as err:
        # The call may have been carried out all the same: no answer is not a refusal.
        raise LaterError(doing, type(err).__name__, str(err)) from err
    except BotoCoreError as err:
        raise AwsError(doing, type(err).__name__, str(err)) from err
