"""Key pairs: what each answer has of them, by name and by id."""

from typing import TYPE_CHECKING, Any

from tests.sandbox.scenes import code, describe, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

TAGS: Any = [{"ResourceType": "key-pair", "Tags": [{"Key": "a", "Value": "b"}]}]


def test_a_new_pair_shows_its_private_key_once(ec2: "EC2Client") -> None:
    """DescribeKeyPairs has the kind, the time and, if asked, the public key."""
    made = ec2.create_key_pair(KeyName="mine", TagSpecifications=TAGS)
    assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert made["Tags"] == TAGS[0]["Tags"]

    [shown] = ec2.describe_key_pairs(KeyPairIds=[made["KeyPairId"]])["KeyPairs"]
    assert (shown["KeyName"], shown["KeyType"]) == ("mine", "rsa")
    assert shown["CreateTime"].isoformat() == "2026-11-23T12:00:00+00:00"
    assert "PublicKey" not in shown
    [whole] = ec2.describe_key_pairs(KeyNames=["mine"], IncludePublicKey=True)["KeyPairs"]
    assert whole["PublicKey"].startswith("ssh-rsa ")


def test_a_pair_is_found_by_filter_and_deleted_by_id(ec2: "EC2Client") -> None:
    """Deleting what is not there succeeds; instances keep the name."""
    made = ec2.create_key_pair(KeyName="mine", KeyType="ed25519")
    ec2.import_key_pair(KeyName="other", PublicKeyMaterial=_public(ec2).encode())
    one = launch(ec2, KeyName="mine")["InstanceId"]
    filters: Any = [{"Name": "key-name", "Values": ["oth*"]}]
    found = ec2.describe_key_pairs(Filters=filters)["KeyPairs"]
    assert [each["KeyName"] for each in found] == ["other"]

    gone = ec2.delete_key_pair(KeyPairId=made["KeyPairId"])
    assert gone["KeyPairId"] == made["KeyPairId"]
    assert ec2.delete_key_pair(KeyName="mine")["Return"]
    assert describe(ec2, one)["KeyName"] == "mine"


def test_names_and_kinds_that_are_not_are_refused(ec2: "EC2Client") -> None:
    """EC2 API error codes."""
    ec2.create_key_pair(KeyName="mine")
    for wanted, call in {
        "InvalidKeyPair.Duplicate": lambda: ec2.create_key_pair(KeyName="mine"),
        "InvalidKeyPair.NotFound": lambda: ec2.describe_key_pairs(KeyNames=["nobody"]),
        "InvalidParameterValue": lambda: ec2.create_key_pair(KeyName="x" * 256),
        "InvalidKey.Format": lambda: ec2.import_key_pair(KeyName="a", PublicKeyMaterial=b"a"),
        "MissingParameter": ec2.delete_key_pair,
    }.items():
        assert code(call) == wanted
    bad: Any = "dsa"
    assert code(lambda: ec2.create_key_pair(KeyName="a", KeyType=bad)) == "InvalidParameterValue"
    unnamed = code(lambda: ec2.create_key_pair(KeyName=""))
    assert unnamed == "MissingParameter"


def _public(ec2: "EC2Client") -> str:
    ec2.create_key_pair(KeyName="source")
    [whole] = ec2.describe_key_pairs(KeyNames=["source"], IncludePublicKey=True)["KeyPairs"]
    ec2.delete_key_pair(KeyName="source")
    return whole["PublicKey"]
