"""A full AWS to measure in: a fleet launched by call, with a history of images."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.served import Served
from bench.stopwatch import timed

ACCOUNT = "123456789012"
REGION = "us-east-1"
LINUX = "ami-0abc0000000000001"
A_LAUNCH = 250
TEAMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much there is: each instance has two volumes, each image two snapshots."""

    instances: int = 10_000
    images_each: int = 10
    addresses: int = 1_000

    @property
    def images(self) -> int:
        """All images."""
        return self.instances * self.images_each


def fill(ec2: Any, served: Served, size: Size) -> dict[str, float]:  # noqa: ANN401
    """Make the world; the seconds that each part of it took."""
    return {
        "launches": timed(lambda: _launch(ec2, size.instances)) / 1000,
        "addresses": timed(lambda: _allocate(ec2, size.addresses)) / 1000,
        "images": timed(lambda: _image(served, size.images_each)) / 1000,
    }


def request(subnet_id: str, count: int, team: int) -> dict[str, Any]:
    """A launch of *count* machines with two disks, all with tags."""
    tags = [{"Key": "team", "Value": f"team-{team}"}, {"Key": "Name", "Value": "web"}]
    return {
        "ImageId": LINUX,
        "InstanceType": "t3.micro",
        "MinCount": count,
        "MaxCount": count,
        "SubnetId": subnet_id,
        "BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 20}}],
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": tags},
            {"ResourceType": "volume", "Tags": tags},
        ],
    }


def _launch(ec2: Any, instances: int) -> None:  # noqa: ANN401
    zones = [{"Name": "availability-zone", "Values": [f"{REGION}{each}" for each in "abcd"]}]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets(Filters=zones)["Subnets"]]
    for at, count in enumerate(_parts(instances)):
        ec2.run_instances(**request(subnets[at % len(subnets)], count, at % TEAMS))


def _parts(instances: int) -> Iterator[int]:
    most = min(A_LAUNCH, max(1, instances // 4))
    for start in range(0, instances, most):
        yield min(most, instances - start)


def _allocate(ec2: Any, addresses: int) -> None:  # noqa: ANN401
    for _ in range(addresses):
        ec2.allocate_address(Domain="vpc")


def _image(served: Served, images_each: int) -> None:
    days = [f"2026-{1 + at // 28:02d}-{1 + at % 28:02d}" for at in range(images_each)]
    served.make_images(ACCOUNT, REGION, days)
