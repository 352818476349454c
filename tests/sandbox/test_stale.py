"""Describes that are behind: the world as it was some seconds ago."""

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.process import Sandbox
from tests.sandbox.scenes import code, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

OWN: dict[str, Any] = {"Owners": ["self"]}


@pytest.fixture
def machine(aws: Sandbox, ec2: "EC2Client") -> str:
    """An instance that has been running for a minute."""
    instance = str(launch(ec2)["InstanceId"])
    aws.clock.advance(60)
    return instance


def stale(aws: Sandbox, seconds: float = 30, **more: Any) -> None:  # noqa: ANN401 - as JSON has it
    """Let reads be so far behind."""
    aws.faults.set({"rules": [{"kind": "stale", "seconds": seconds, **more}]})


def images(ec2: "EC2Client") -> list[tuple[str, str]]:
    """Id and state of one's own images."""
    found = ec2.describe_images(**OWN)["Images"]
    return [(each["ImageId"], each["State"]) for each in found]


def test_what_was_just_made_is_not_there_yet(aws: Sandbox, ec2: "EC2Client", machine: str) -> None:
    """Neither in a listing nor by its id (EC2 Developer Guide, eventual consistency)."""
    stale(aws)
    image = ec2.create_image(InstanceId=machine, Name="image", NoReboot=True)["ImageId"]
    new = launch(ec2)["InstanceId"]

    assert images(ec2) == []
    assert code(ec2.describe_images, ImageIds=[image]) == "InvalidAMIID.NotFound"
    assert code(ec2.describe_instances, InstanceIds=[new]) == "InvalidInstanceID.NotFound"
    assert not ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    aws.clock.advance(31)
    assert images(ec2) == [(image, "pending")], "available now, but nobody has heard"
    [found] = ec2.describe_instances(InstanceIds=[new])["Reservations"]
    assert found["Instances"][0]["State"]["Name"] == "pending"
    aws.clock.advance(31)
    assert images(ec2) == [(image, "available")]


def test_a_change_that_names_what_is_not_there_yet_is_refused(
    aws: Sandbox, ec2: "EC2Client", machine: str
) -> None:
    """Tagging a new image, stopping a new instance."""
    stale(aws)
    image = ec2.create_image(InstanceId=machine, Name="image", NoReboot=True)["ImageId"]
    tags = [{"Key": "a", "Value": "b"}]

    assert code(ec2.create_tags, Resources=[image], Tags=tags) == "InvalidAMIID.NotFound"
    ec2.create_tags(Resources=[machine], Tags=tags)  # type: ignore[arg-type]
    aws.clock.advance(31)
    ec2.create_tags(Resources=[image], Tags=tags)  # type: ignore[arg-type]


def test_what_is_gone_is_still_there(aws: Sandbox, ec2: "EC2Client", machine: str) -> None:
    """An image that was deregistered, a volume that was deleted, with filters and ids."""
    image = ec2.create_image(InstanceId=machine, Name="image", NoReboot=True)["ImageId"]
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    aws.clock.advance(60)
    stale(aws)
    ec2.deregister_image(ImageId=image)
    ec2.delete_volume(VolumeId=volume)

    assert images(ec2) == [(image, "available")]
    named = [{"Name": "name", "Values": ["image"]}]
    assert ec2.describe_images(Filters=named)["Images"][0]["ImageId"] == image  # type: ignore[arg-type]
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available"
    aws.clock.advance(31)
    assert images(ec2) == []
    assert code(ec2.describe_volumes, VolumeIds=[volume]) == "InvalidVolume.NotFound"


def test_tags_states_and_attachments_lag_too(aws: Sandbox, ec2: "EC2Client", machine: str) -> None:
    """What a change did to a thing shows as late as the thing itself."""
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    image = ec2.create_image(InstanceId=machine, Name="image", NoReboot=True)["ImageId"]
    aws.clock.advance(60)
    stale(aws)
    ec2.create_tags(Resources=[machine], Tags=[{"Key": "a", "Value": "b"}])
    ec2.attach_volume(VolumeId=volume, InstanceId=machine, Device="/dev/sdf")
    ec2.disable_image(ImageId=image)
    ec2.stop_instances(InstanceIds=[machine])

    def seen() -> tuple[object, ...]:
        [instance] = ec2.describe_instances(InstanceIds=[machine])["Reservations"][0]["Instances"]
        return (
            instance["State"]["Name"],
            len(instance["BlockDeviceMappings"]),
            bool(instance.get("Tags")),
            ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"],
            ec2.describe_images(ImageIds=[image], IncludeDisabled=True)["Images"][0]["State"],
        )

    assert seen() == ("running", 1, False, "available", "available")
    aws.faults.clear()
    assert seen() == ("stopping", 2, True, "in-use", "disabled"), "the world itself is right"


def test_only_the_reads_that_a_rule_names_are_behind(
    aws: Sandbox, ec2: "EC2Client", machine: str
) -> None:
    """By action, count and match like any other rule; other services never."""
    stale(aws, action="DescribeImages", nth=[1])
    image = ec2.create_image(InstanceId=machine, Name="image", NoReboot=True)["ImageId"]

    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert (images(ec2), images(ec2)) == ([], [(image, "pending")])
    aws.faults.set({"rules": [{"kind": "stale", "nth": [1]}]})
    aws.client("dynamodb").list_tables()
    assert images(ec2) == [], "DynamoDB's call has not been counted"


def test_a_past_that_was_not_watched_knows_no_younger_images(
    aws: Sandbox, ec2: "EC2Client", machine: str
) -> None:
    """The rule may come after the image."""
    ec2.create_image(InstanceId=machine, Name="image", NoReboot=True)
    stale(aws)

    assert images(ec2) == []


def test_pages_of_a_stale_listing_go_on(aws: Sandbox, ec2: "EC2Client", machine: str) -> None:
    """A page and its token are of the same past."""
    for at in range(7):
        ec2.create_image(InstanceId=machine, Name=f"image {at}", NoReboot=True)
        aws.clock.advance(60)
    stale(aws)
    ec2.deregister_image(ImageId=images(ec2)[0][0])

    pages = ec2.get_paginator("describe_images").paginate(
        Owners=["self"], PaginationConfig={"PageSize": 5}
    )

    assert [len(page["Images"]) for page in pages] == [5, 2]
