"""What is on a disk, and how it travels through snapshots, volumes, images and copies."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: D103

from typing import TYPE_CHECKING

import pytest

from sandbox.process import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

LINUX = "ami-0abc0000000000001"


@pytest.fixture
def instance(aws: Sandbox, ec2: "EC2Client") -> str:
    """A running instance."""
    reservation = ec2.run_instances(ImageId=LINUX, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    aws.clock.advance(60)
    return reservation["Instances"][0]["InstanceId"]


def root_of(ec2: "EC2Client", instance: str) -> str:
    [reservation] = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    return reservation["Instances"][0]["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]


def test_a_volume_holds_what_was_written_and_since_when(
    aws: Sandbox, ec2: "EC2Client", instance: str
) -> None:
    root = root_of(ec2, instance)
    assert aws.disks.read(root) == {"id": root, "holds": None, "since": None}

    aws.disks.write(root, "Monday")

    assert aws.disks.read(root) == {
        "id": root,
        "holds": "Monday",
        "since": "2026-11-23T12:01:00+00:00",
    }


def test_an_image_holds_what_was_there_when_it_became_pending(
    aws: Sandbox, ec2: "EC2Client", instance: str
) -> None:
    root = root_of(ec2, instance)
    aws.disks.write(root, "before")
    image = ec2.create_image(InstanceId=instance, Name="point", NoReboot=True)["ImageId"]
    aws.disks.write(root, "after")
    aws.clock.advance(60)

    held = aws.disks.read(image)

    assert held["id"] == image
    assert held["holds"] == "before"
    assert held["devices"]["/dev/xvda"]["holds"] == "before"
    assert aws.disks.read(instance)["holds"] == "after"
    assert aws.disks.read(instance)["devices"]["/dev/xvda"]["id"] == root


def test_a_volume_of_a_snapshot_starts_with_its_content(
    aws: Sandbox, ec2: "EC2Client", instance: str
) -> None:
    root = root_of(ec2, instance)
    aws.disks.write(root, "good")
    snapshot = ec2.create_snapshot(VolumeId=root)["SnapshotId"]
    aws.clock.advance(60)
    volume = ec2.create_volume(SnapshotId=snapshot, AvailabilityZone="us-east-1a")["VolumeId"]

    aws.disks.write(root, "bad")

    assert aws.disks.read(snapshot)["holds"] == "good"
    assert aws.disks.read(volume)["holds"] == "good"


def test_a_launch_from_an_image_starts_with_its_content(
    aws: Sandbox, ec2: "EC2Client", instance: str
) -> None:
    aws.disks.write(root_of(ec2, instance), "good")
    image = ec2.create_image(InstanceId=instance, Name="point", NoReboot=True)["ImageId"]
    aws.clock.advance(60)

    again = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    aws.clock.advance(60)

    assert aws.disks.read(again["Instances"][0]["InstanceId"])["holds"] == "good"


def test_copies_hold_what_their_source_held(aws: Sandbox, ec2: "EC2Client", instance: str) -> None:
    aws.disks.write(root_of(ec2, instance), "good")
    image = ec2.create_image(InstanceId=instance, Name="point", NoReboot=True)["ImageId"]
    aws.clock.advance(60)
    there = aws.client("ec2", region="eu-west-1")

    copy = there.copy_image(SourceImageId=image, SourceRegion="us-east-1", Name="copy")["ImageId"]

    assert aws.disks.read(copy)["holds"] == "good"


def test_snapshots_of_one_state_share_one_content_whatever_their_number(
    aws: Sandbox, ec2: "EC2Client", instance: str
) -> None:
    root = root_of(ec2, instance)
    aws.disks.write(root, "good")
    first = ec2.create_snapshot(VolumeId=root)["SnapshotId"]
    aws.clock.advance(60)
    second = ec2.create_snapshot(VolumeId=root)["SnapshotId"]

    assert aws.disks.content(first, 8) is aws.disks.content(second, 8)
    assert aws.disks.content(first, 8).changed_since(aws.disks.content(root, 8)) == []


def test_an_unknown_disk_is_a_key_error(aws: Sandbox, ec2: "EC2Client") -> None:
    for unknown in ("vol-0123456789abcdef0", "i-0123456789abcdef0", "nonsense"):
        with pytest.raises(KeyError):
            aws.disks.read(unknown)
        with pytest.raises(KeyError):
            aws.disks.write(unknown, "text")


def test_a_new_sandbox_has_empty_disks(aws: Sandbox, ec2: "EC2Client", instance: str) -> None:
    root = root_of(ec2, instance)
    aws.disks.write(root, "text")

    aws.disks.reset()

    assert aws.disks.read(root)["holds"] is None
