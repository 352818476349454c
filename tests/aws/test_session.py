"""Clients: one session, one retry configuration, and what is known of regions."""

from typing import Any

import pytest

from chalicelib.aws.parameters import read_parameter
from chalicelib.aws.session import Session
from chalicelib.domain.errors import AwsError
from sandbox.process import Sandbox
from tests.aws.scenes import REGION


@pytest.mark.parametrize("data_path", ["", "/nowhere"])
def test_a_profile_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch, data_path: str
) -> None:
    """Not a traceback of boto3's, which may look for it late."""
    monkeypatch.setenv("AWS_DATA_PATH", data_path)
    with pytest.raises(AwsError, match="could not use the profile 'nobody'") as caught:
        Session(profile="nobody")

    assert caught.value.aws_code == "ProfileNotFound"


def test_the_region_is_the_one_given_or_none() -> None:
    """Empty when neither argument nor environment names one."""
    assert Session(region="eu-north-1").region == "eu-north-1"
    assert Session().region == ""


@pytest.mark.parametrize(
    ("name", "known"),
    [("eu-west-1", True), ("us-gov-west-1", True), ("cn-north-1", True),
     ("eu-west-9", False), ("eu-west-1a", False), ("", False)],
)  # fmt: skip
def test_regions_of_every_partition_are_known(session: Session, name: str, known: bool) -> None:
    """A typing mistake is found before any call is made."""
    assert session.is_region(name) is known


def test_clients_are_kept_and_retry_alike(session: Session) -> None:
    """Making one reads its service's model: a quarter of a second of CPU."""
    first = session.ec2(REGION)

    assert session.ec2(REGION) is first
    assert session.ec2("eu-west-1") is not first
    clients: tuple[Any, ...] = (first, session.dynamodb(REGION), session.elbv2(REGION))
    for client in clients:
        assert client.meta.config.retries == {"mode": "adaptive", "total_max_attempts": 6}
        assert "snapback" in client.meta.config.user_agent


def test_the_account_is_the_credentials(sandbox: Sandbox, session: Session) -> None:
    """What `snapback doctor` tells first."""
    assert session.account(REGION) == sandbox.client("sts").get_caller_identity()["Account"]


def test_a_parameter_is_read_decrypted(sandbox: Sandbox, session: Session) -> None:
    """Plans may be kept in a SecureString."""
    sandbox.client("ssm").put_parameter(Name="/plans", Type="SecureString", Value="[plans]")

    assert read_parameter(session.ssm(REGION), "/plans") == "[plans]"


def test_a_parameter_that_is_missing_is_named(session: Session) -> None:
    """With AWS's own word for it."""
    with pytest.raises(AwsError, match="from the parameter /none: ParameterNotFound"):
        read_parameter(session.ssm(REGION), "/none")
