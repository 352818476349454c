"""The body for a real account, rehearsed on the sandbox: it touches nothing else and cleans up."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from sandbox import world
from sandbox.clock import clock
from sandbox.inside import SECRET
from sandbox.server import Server
from tests.contract import scenes
from tests.contract.account import RealAccount, region_of
from tests.contract.ledger import TAG, NotOursError
from tests.contract.place import HOME, NOON, OWNER, NotInTimeError
from tests.contract.scenes import tagged


@pytest.fixture
def account() -> Iterator[RealAccount]:
    """An account that already holds an instance with a volume and an image."""
    world.begin(NOON, frozen=True)
    session = boto3.session.Session(aws_access_key_id=OWNER, aws_secret_access_key=SECRET)
    with Server() as server:
        make: Any = session.client
        theirs = make("ec2", region_name=HOME, endpoint_url=server.url)
        theirs.run_instances(ImageId="ami-0abc0000000000001", MinCount=1, MaxCount=1)
        clock.advance(60)
        yield RealAccount(session, HOME, endpoint=server.url, sleep=clock.advance)
    world.reset()


def everything(account: RealAccount) -> set[str]:
    """The ids of whatever lives in the account."""
    ec2 = account._plain("ec2")
    groups = ec2.describe_instances()["Reservations"]
    instances = [each for group in groups for each in group["Instances"]]
    living = {one["InstanceId"] for one in instances if one["State"]["Name"] != "terminated"}
    images = ec2.describe_images(Owners=["self"], IncludeDisabled=True)["Images"]
    return (
        living
        | {each["ImageId"] for each in images}
        | {each["SnapshotId"] for each in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
        | {each["VolumeId"] for each in ec2.describe_volumes()["Volumes"]}
        | {each["AllocationId"] for each in ec2.describe_addresses()["Addresses"]}
        | {
            each["NetworkInterfaceId"]
            for each in ec2.describe_network_interfaces()["NetworkInterfaces"]
        }
    )


def test_everything_that_was_made_is_taken_away(account: RealAccount) -> None:
    """Protected, disabled, attached and left over alike; what was there before stays."""
    before = everything(account)
    one = scenes.machine(account, DisableApiTermination=True, DisableApiStop=True)
    backup = scenes.image_of(account, one)
    account.ec2.enable_image_deregistration_protection(ImageId=backup)
    account.ec2.disable_image(ImageId=scenes.image_of(account, one))
    scenes.snapshot_of(account, scenes.free_volume(account))
    own = scenes.address(account)
    account.ec2.associate_address(InstanceId=one, AllocationId=own)
    scenes.free_interface(account)
    assert len(everything(account)) > len(before) + 8

    account.close()

    assert everything(account) == before


def test_everything_is_tagged_beside_the_tags_of_the_rule(account: RealAccount) -> None:
    """So that whoever finds it knows what it was."""
    made = scenes.launch(account, TagSpecifications=tagged("instance", a="b"))
    one = scenes.instance(account, made)

    assert {"Key": TAG, "Value": account.ledger.run} in one["Tags"]
    assert account.tags(one) == {"a": "b"}
    account.close()


def test_what_was_there_before_is_not_touched(account: RealAccount) -> None:
    """Nor is anything of the account itself."""
    groups = account.ec2.describe_instances()["Reservations"]
    theirs = groups[0]["Instances"][0]["InstanceId"]

    with pytest.raises(NotOursError, match=f"TerminateInstances would touch {theirs}"):
        account.ec2.terminate_instances(InstanceIds=[theirs])
    with pytest.raises(NotOursError, match=f"CreateImage would touch {theirs}"):
        scenes.requested_image(account, theirs)
    with pytest.raises(NotOursError, match="EnableEbsEncryptionByDefault"):
        account.ec2.enable_ebs_encryption_by_default()
    with pytest.raises(NotOursError, match="PutParameter"):
        account.client("ssm").put_parameter(Name="/a", Value="b", Type="String")
    assert scenes.state(account, theirs) == "running"


def test_waiting_ends(account: RealAccount) -> None:
    """With words, not with a hanging run."""
    with pytest.raises(NotInTimeError, match="900 s"):
        account.until(lambda: False, at_most=10)
    with pytest.raises(AssertionError, match="sandbox_only"):
        account.later(3600)


def test_a_region_must_be_named() -> None:
    """The marker alone does not start anything."""
    with pytest.raises(ValueError, match="--account-region"):
        region_of(None)
