"""Every region has a few images of Amazon's to launch from."""

from typing import TYPE_CHECKING

import pytest

from sandbox.base_images import BASES, LINUX, LINUX_ARM, WINDOWS
from sandbox.process import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "us-gov-west-1"])
def test_every_region_has_the_same_images(aws: Sandbox, region: str) -> None:
    """Root at /dev/xvda and at /dev/sda1, arm64, Windows; each public and available."""
    images = aws.client("ec2", region=region).describe_images(Owners=["amazon"])["Images"]

    assert {each["ImageId"] for each in images} == {base.id for base in BASES}
    assert {each["RootDeviceName"] for each in images} == {"/dev/xvda", "/dev/sda1"}
    assert {each["Architecture"] for each in images} == {"x86_64", "arm64"}
    assert {each.get("Platform") for each in images} == {None, "windows"}
    assert {(each["State"], each["Public"]) for each in images} == {("available", True)}


def test_nobody_owns_them_but_amazon(ec2: "EC2Client") -> None:
    """Neither the images nor their snapshots are the user's."""
    assert not ec2.describe_images(Owners=["self"])["Images"]
    assert not ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]

    [image] = ec2.describe_images(ImageIds=[LINUX.id])["Images"]
    snapshot_id = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    [snapshot] = ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    assert image["ImageOwnerAlias"] == "amazon"
    assert (snapshot["State"], snapshot["OwnerId"]) == ("completed", image["OwnerId"])


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.id)
def test_an_instance_can_be_launched_from_each(aws: Sandbox, base: object) -> None:
    """Into the default VPC; its root volume comes from the image's snapshot."""
    assert isinstance(base, type(LINUX))
    ec2 = aws.client("ec2")
    kind = "t4g.small" if base is LINUX_ARM else "t3.small"
    ec2.run_instances(ImageId=base.id, MinCount=1, MaxCount=1, InstanceType=kind)
    aws.clock.advance(30)

    [reservation] = ec2.describe_instances()["Reservations"]
    [instance] = reservation["Instances"]
    [volume] = ec2.describe_volumes()["Volumes"]
    assert instance["State"]["Name"] == "running"
    assert instance["SubnetId"]
    assert instance.get("Platform") == base.traits.platform
    assert volume["Attachments"][0]["Device"] == base.traits.root_device_name
    assert volume["Size"] == (30 if base is WINDOWS else 8)


def test_ssm_names_the_latest_ones(aws: Sandbox) -> None:
    """The public parameters point to images that exist."""
    ssm = aws.client("ssm")
    root = "/aws/service/ami-amazon-linux-latest"
    found = {
        name: ssm.get_parameter(Name=f"{root}/{name}")["Parameter"]["Value"]
        for name in (
            "al2023-ami-kernel-default-x86_64",
            "al2023-ami-kernel-default-arm64",
            "amzn2-ami-hvm-x86_64-gp2",
        )
    }

    assert list(found.values()) == [LINUX.id, LINUX_ARM.id, LINUX.id]
    windows = ssm.get_parameter(Name=WINDOWS.parameter)["Parameter"]
    assert windows["Value"] == WINDOWS.id
