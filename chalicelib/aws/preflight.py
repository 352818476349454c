"""Looking for what a launch needs before anything is touched. Reads only."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.aws.errors import translated
from chalicelib.domain.configuration import Configuration

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def missing_parts(client: "EC2Client", wanted: Configuration) -> tuple[str, ...]:
    """What *wanted* names and EC2 no longer has, each as a sentence.

    Asked by filter, so that an absent id is an empty answer and not an error.
    """
    with translated("check what the launch needs"):
        return (
            *_subnets(client, wanted),
            *_groups(client, wanted),
            *_key(client, wanted),
            *_offering(client, wanted),
        )


def _subnets(client: "EC2Client", wanted: Configuration) -> Iterator[str]:
    ids = sorted({i.subnet_id for i in wanted.interfaces if i.subnet_id})
    if not ids:
        return
    answer = client.describe_subnets(Filters=[{"Name": "subnet-id", "Values": ids}])
    found = {s["SubnetId"]: s for s in answer["Subnets"]}
    for subnet in ids:
        if subnet not in found:
            yield f"the subnet {subnet} no longer exists"
        elif not found[subnet].get("AvailableIpAddressCount", 1):
            yield f"the subnet {subnet} has no free address"


def _groups(client: "EC2Client", wanted: Configuration) -> Iterator[str]:
    ids = sorted({g for i in wanted.interfaces for g in i.groups})
    if not ids:
        return
    answer = client.describe_security_groups(Filters=[{"Name": "group-id", "Values": ids}])
    found = {g["GroupId"] for g in answer["SecurityGroups"]}
    for group in ids:
        if group not in found:
            yield f"the security group {group} no longer exists"


def _key(client: "EC2Client", wanted: Configuration) -> Iterator[str]:
    if not wanted.key_name:
        return
    answer = client.describe_key_pairs(Filters=[{"Name": "key-name", "Values": [wanted.key_name]}])
    if not answer["KeyPairs"]:
        yield f"the key pair {wanted.key_name} no longer exists"


def _offering(client: "EC2Client", wanted: Configuration) -> Iterator[str]:
    answer = client.describe_instance_type_offerings(
        LocationType="availability-zone",
        Filters=[
            {"Name": "instance-type", "Values": [wanted.instance_type]},
            {"Name": "location", "Values": [wanted.placement.zone]},
        ],
    )
    if not answer["InstanceTypeOfferings"]:
        yield f"the type {wanted.instance_type} is not offered in {wanted.placement.zone}"
