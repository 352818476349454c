"""AWS's errors become ours once: every code has its kind, unknown ones mean failed (F49)."""

# ruff: noqa: N802

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.aws.errors import kind_of, translated
from chalicelib.domain.errors import (
    AwsError,
    ConflictError,
    DeniedError,
    InUseError,
    LaterError,
    MissingError,
    NameTakenError,
)

KINDS: dict[type[AwsError], str] = {
    MissingError: """
        InvalidAMIID.NotFound InvalidAMIID.Unavailable InvalidAllocationID.NotFound
        InvalidAssociationID.NotFound InvalidInstanceID.NotFound InvalidSnapshot.NotFound
        InvalidVolume.NotFound ResourceNotFoundException TargetGroupNotFound
    """,
    DeniedError: """
        AccessDenied AccessDeniedException AuthFailure ExpiredToken ExpiredTokenException
        InvalidClientTokenId OptInRequired UnauthorizedOperation UnrecognizedClientException
    """,
    LaterError: """
        ConcurrentCreateImageNoRebootLimitExceeded ConcurrentSnapshotLimitExceeded
        ConcurrentTagAccess EC2ThrottledException IncorrectInstanceState IncorrectState
        InsufficientInstanceCapacity InternalError InternalFailure PendingSnapshotLimitExceeded
        ProvisionedThroughputExceededException RequestLimitExceeded ServiceUnavailable
        SnapshotCreationPerVolumeRateExceeded Throttling ThrottlingException Unavailable
    """,
    ConflictError: "ConditionalCheckFailedException TransactionCanceledException",
    NameTakenError: "InvalidAMIName.Duplicate",
    InUseError: "InvalidSnapshot.InUse InvalidKeyPair.InUse Whatever.InUse",
    AwsError: """
        InvalidAMIName.Malformed InvalidParameterValue InvalidAMIID.Malformed TagLimitExceeded
        Client.InUseNot AWeekdaySpecial UnsupportedOperation Unknown
    """,
}
TABLE = [(code, kind) for kind, codes in KINDS.items() for code in codes.split()]


def client_error(code: str, message: str = "said AWS") -> ClientError:
    """What botocore raises for an error answer."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Describe")


@pytest.mark.parametrize(("code", "kind"), TABLE)
def test_F49_every_code_has_exactly_its_kind(code: str, kind: type[AwsError]) -> None:
    """A code that is in no list is a plain failure, whatever it sounds like."""
    with pytest.raises(AwsError) as caught, translated("read a page"):
        raise client_error(code)

    assert type(caught.value) is kind
    assert kind_of(code) is kind
    assert caught.value.aws_code == code


def test_the_error_reads_as_a_sentence_and_keeps_awss_words() -> None:
    """Operators search for AWS's own words."""
    with pytest.raises(AwsError) as caught, translated("stop i-1"):
        raise client_error("IncorrectInstanceState", "it is pending")

    assert caught.value.message == "could not stop i-1: IncorrectInstanceState: it is pending"
    assert caught.value.aws_message == "it is pending"
    assert isinstance(caught.value.__cause__, ClientError)


def test_F49_an_answer_without_an_error_in_it_is_unknown_and_failed() -> None:
    """The error path itself does not fall over."""
    with pytest.raises(AwsError) as caught, translated("stop i-1"):
        raise ClientError({}, "StopInstances")

    assert type(caught.value) is AwsError
    assert caught.value.aws_code == "Unknown"


def test_a_network_that_does_not_answer_is_told_like_everything_else() -> None:
    """Botocore's own errors cross the border as ours too."""
    with pytest.raises(AwsError) as caught, translated("list instances"):
        raise EndpointConnectionError(endpoint_url="https://ec2.example")

    assert caught.value.aws_code == "EndpointConnectionError"
    assert "https://ec2.example" in caught.value.message


def test_errors_of_ours_pass_through_unchanged() -> None:
    """Nothing is translated twice."""
    original = LaterError("stop i-1", "IncorrectState", "")
    with pytest.raises(LaterError) as caught, translated("do something around it"):
        raise original

    assert caught.value is original
