"""Who a request is from follows from its access key."""

import boto3
import pytest

from sandbox.process import Sandbox


@pytest.mark.parametrize("account", ["111122223333", "000000000000", "123456789012"])
def test_a_key_of_twelve_digits_is_that_account(aws: Sandbox, account: str) -> None:
    """STS says so, and resources made with it are that account's."""
    identity = aws.client("sts", account=account).get_caller_identity()
    [vpc] = aws.client("ec2", account=account).describe_vpcs()["Vpcs"]

    assert identity["Account"] == account
    assert f":{account}:" in identity["Arn"]
    assert vpc["OwnerId"] == account


@pytest.mark.parametrize(
    "key", ["AKIAIOSFODNN7EXAMPLE", "somebody", "12345678901", "1234567890123"]
)
def test_any_other_key_is_the_default_account(aws: Sandbox, key: str) -> None:
    """A stranger's real or made-up credentials work, too."""
    assert aws.client("sts", account=key).get_caller_identity()["Account"] == "123456789012"


def test_accounts_do_not_see_each_other(aws: Sandbox) -> None:
    """What one makes the other lacks."""
    aws.client("ec2", account="111122223333").create_key_pair(KeyName="mine")

    assert not aws.client("ec2", account="444455556666").describe_key_pairs()["KeyPairs"]


def test_an_assumed_role_acts_in_its_own_account(aws: Sandbox) -> None:
    """The keys that STS issues belong to the role's account."""
    arn = "arn:aws:iam::111122223333:role/snapback"
    issued = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    sts = boto3.client(
        "sts",
        region_name="us-east-1",
        aws_access_key_id=issued["AccessKeyId"],
        aws_secret_access_key=issued["SecretAccessKey"],
        aws_session_token=issued["SessionToken"],
    )

    assert sts.get_caller_identity()["Account"] == "111122223333"


def test_regions_do_not_see_each_other(aws: Sandbox) -> None:
    """The region is the one that the request was signed for."""
    aws.client("ec2", region="eu-west-1").create_key_pair(KeyName="there")

    assert not aws.client("ec2", region="us-east-1").describe_key_pairs()["KeyPairs"]
    [call] = [each for each in aws.calls.all() if each["action"] == "CreateKeyPair"]
    assert call["region"] == "eu-west-1"
