"""What tests of instances have in common: a launch, a look, a refusal."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

LINUX = "ami-0abc0000000000001"
ARM = "ami-0abc0000000000003"
SMALL: dict[str, Any] = {"ImageId": LINUX, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}


def code(call: Callable[..., Any], /, **parameters: Any) -> str:  # noqa: ANN401
    """The error code of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def launch(ec2: "EC2Client", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """One instance as RunInstances answers with it."""
    answer = ec2.run_instances(**{**SMALL, **more})
    instance: dict[str, Any] = dict(answer["Instances"][0])
    return instance


def describe(ec2: "EC2Client", instance_id: str) -> dict[str, Any]:
    """One instance as DescribeInstances answers with it."""
    answer = ec2.describe_instances(InstanceIds=[instance_id])
    instance: dict[str, Any] = dict(answer["Reservations"][0]["Instances"][0])
    return instance


def subnet_of(ec2: "EC2Client", zone: str = "us-east-1a") -> str:
    """The default subnet of a zone."""
    filters = [{"Name": "availability-zone", "Values": [zone]}]
    return str(ec2.describe_subnets(Filters=filters)["Subnets"][0]["SubnetId"])  # type: ignore[arg-type]
