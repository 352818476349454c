"""A machine in the sandbox as an operator has it, and how to let time pass around it."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.process import Sandbox

REGION = "us-east-1"
LINUX = "ami-0abc0000000000001"
"""A base image of the sandbox; its root is /dev/xvda."""
CANARY = "CANARY-4f1d9c-hunter2"
"""Whoever prints this has leaked user data."""
USER_DATA = f"#!/bin/sh\necho {CANARY}\n"
ENCODED = b64encode(USER_DATA.encode()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The web server and what belongs to it."""

    id: str
    root: str
    data: str
    interface: str
    private_ip: str
    subnet: str
    vpc: str
    allocation: str
    public_ip: str
    group: str


def launch_web(sandbox: Sandbox, plan: str = "daily") -> Machine:
    """A web server that runs and is healthy in its target group; five minutes have passed."""
    ec2, elb = sandbox.client("ec2"), sandbox.client("elbv2")
    ec2.create_key_pair(KeyName="ops")
    made = ec2.run_instances(
        ImageId=LINUX,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        KeyName="ops",
        UserData=USER_DATA,
        BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3"}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 20, "VolumeType": "gp2"}},
        ],
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": tags(Name="web", **{"snapback:plan": plan})},
            {"ResourceType": "volume", "Tags": tags(team="shop")},
        ],
    )["Instances"][0]
    allocation = ec2.allocate_address(Domain="vpc")
    group = elb.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=made["VpcId"], TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    later(sandbox, minutes=5)
    ec2.associate_address(AllocationId=allocation["AllocationId"], InstanceId=made["InstanceId"])
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": made["InstanceId"], "Port": 80}])
    later(sandbox, minutes=5)
    seen = describe(sandbox, made["InstanceId"])
    volumes = {m["DeviceName"]: m["Ebs"]["VolumeId"] for m in seen["BlockDeviceMappings"]}
    card = seen["NetworkInterfaces"][0]
    return Machine(
        id=made["InstanceId"],
        root=volumes["/dev/xvda"],
        data=volumes["/dev/sdf"],
        interface=card["NetworkInterfaceId"],
        private_ip=card["PrivateIpAddress"],
        subnet=made["SubnetId"],
        vpc=made["VpcId"],
        allocation=allocation["AllocationId"],
        public_ip=allocation["PublicIp"],
        group=group,
    )


def launch_plain(
    sandbox: Sandbox, count: int = 1, region: str = REGION, **tagged: str
) -> list[str]:
    """*count* small instances with these tags, running."""
    more: dict[str, Any] = {}
    if tagged:
        more["TagSpecifications"] = [{"ResourceType": "instance", "Tags": tags(**tagged)}]
    made = sandbox.client("ec2", region=region).run_instances(
        ImageId=LINUX, InstanceType="t3.micro", MinCount=count, MaxCount=count, **more
    )
    later(sandbox, minutes=5)
    return [i["InstanceId"] for i in made["Instances"]]


def tags(**wanted: str) -> list[dict[str, str]]:
    """Tags as EC2 takes them."""
    return [{"Key": key, "Value": value} for key, value in wanted.items()]


def describe(sandbox: Sandbox, instance_id: str) -> dict[str, Any]:
    """One instance as DescribeInstances tells it."""
    answer = sandbox.client("ec2").describe_instances(InstanceIds=[instance_id])
    found: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
    return found


def images(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Every image of the account, disabled ones too."""
    answer = sandbox.client("ec2").describe_images(Owners=["self"], IncludeDisabled=True)
    found: list[dict[str, Any]] = answer["Images"]
    return found


def later(sandbox: Sandbox, **passing: float) -> None:
    """Let time pass."""
    sandbox.clock.advance(timedelta(**passing).total_seconds())


def writes(sandbox: Sandbox) -> list[str]:
    """Every call so far that changes something, as ``ec2:CreateImage``."""
    return [
        f"{call['service']}:{call['action']}"
        for call in sandbox.calls.all()
        if not str(call["action"]).startswith(("Describe", "Get", "Query", "List"))
    ]
