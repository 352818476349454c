"""The fake cloud and the real gateways over the sandbox, as one thing to hold rules against."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from chalicelib.aws.addresses import AddressGateway
from chalicelib.aws.blocks import BlockGateway
from chalicelib.aws.catalogue import Catalogue as RealCatalogue
from chalicelib.aws.configurations import ConfigurationReader
from chalicelib.aws.images import ImageGateway
from chalicelib.aws.instances import InstanceReader
from chalicelib.aws.launchers import LauncherReader
from chalicelib.aws.machines import MachineGateway
from chalicelib.aws.snapshots import SnapshotReader
from chalicelib.aws.table import Table
from chalicelib.aws.target_groups import TargetGroupGateway
from chalicelib.aws.vault import KmsVault
from chalicelib.domain.configuration import Target
from chalicelib.jobs.ports import Catalogue, Region
from sandbox.process import Sandbox
from tests.fakes.cloud import DEPLOYMENT, NOON, Cloud

HOME = "us-east-1"
LINUX = "ami-0abc0000000000001"
CALLS = {
    "images.create": "CreateImage",
    "images.points": "DescribeImages",
    "machines.launch": "RunInstances",
    "machines.stop": "StopInstances",
    "addresses.associate": "AssociateAddress",
    "targets.register": "RegisterTargets",
}


class Lab(Protocol):
    """A region to experiment in."""

    region: Region
    catalogue: Catalogue

    def wait(self, **span: float) -> None:
        """Let time pass."""
        ...

    def machine(self, tags: Mapping[str, str]) -> str:
        """A running instance with a root volume and ``/dev/sdf``."""
        ...

    def kill(self, instance_id: str) -> None:
        """Terminate it and see it terminated."""
        ...

    def address(self, instance_id: str) -> str:
        """An Elastic IP on it."""
        ...

    def group(self, instance_id: str) -> Target:
        """A target group that a load balancer uses, with the instance healthy in it."""
        ...

    def other_image(self, snapshot_id: str) -> str:
        """Another image of the account, whose root is this snapshot."""
        ...

    def drop_image(self, image_id: str) -> None:
        """Deregister it, leaving its snapshots behind."""
        ...

    def lock(self, snapshot_id: str) -> None:
        """Lock it for a day."""
        ...

    def share(self, resource_id: str, account: str) -> None:
        """Let another account use an image or a snapshot."""
        ...

    def configure(self, image_id: str) -> None:
        """A launch configuration ``web`` that launches it."""
        ...

    def drop_group(self, target: Target) -> None:
        """Delete a target group."""
        ...

    def next_image_fails(self) -> None:
        """The next image becomes ``failed``."""
        ...

    def go_wrong(self, call: str, kind: str) -> None:
        """The next call of this name is ``deny``-ed, ``throttle``-d or ``lost``."""
        ...


class FakeLab:
    """The fake cloud."""

    def __init__(self) -> None:
        """Everything at Monday noon."""
        self.cloud = Cloud(names=(HOME,))
        self.region: Region = self.cloud.region()
        self.catalogue: Catalogue = self.cloud.catalogue

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.cloud.advance(**span)

    def machine(self, tags: Mapping[str, str]) -> str:
        """A running instance."""
        return self.cloud.add_machine(tags, user_data="#!/bin/sh\n").id

    def kill(self, instance_id: str) -> None:
        """Terminate it."""
        self.cloud.home.kill(instance_id)

    def address(self, instance_id: str) -> str:
        """An Elastic IP on it."""
        return self.cloud.add_address(self.cloud.home.machines[instance_id])

    def group(self, instance_id: str) -> Target:
        """A target group."""
        return self.cloud.add_group(self.cloud.home.machines[instance_id])

    def other_image(self, snapshot_id: str) -> str:
        """Another image."""
        snapshot = next(
            s
            for i in self.cloud.home.images.values()
            for s in i.snapshots
            if s.snapshot_id == snapshot_id
        )
        return self.cloud.add_image("golden", {}, snapshots=(snapshot,)).image_id

    def drop_image(self, image_id: str) -> None:
        """Deregister it."""
        self.cloud.home.drop(image_id)

    def lock(self, snapshot_id: str) -> None:
        """Lock it."""
        self.cloud.home.locked.add(snapshot_id)

    def share(self, resource_id: str, account: str) -> None:
        """Share it."""
        self.cloud.home.shares[resource_id] = (account,)

    def configure(self, image_id: str) -> None:
        """A launch configuration."""
        self.cloud.home.launchers[image_id] = ("launch configuration web",)

    def drop_group(self, target: Target) -> None:
        """Delete a target group."""
        del self.cloud.home.groups[target.group_arn]

    def next_image_fails(self) -> None:
        """One failure."""
        self.cloud.home.breaking = 1

    def go_wrong(self, call: str, kind: str) -> None:
        """One call."""
        code = {"deny": "UnauthorizedOperation", "throttle": "RequestLimitExceeded"}
        if kind == "lost":
            self.cloud.wire.lose(call)
        else:
            self.cloud.wire.fail(call, code[kind], times=1)


@dataclass(slots=True)
class SandboxLab:
    """The real gateways over the sandbox."""

    sandbox: Sandbox
    region: Region
    catalogue: Catalogue
    ec2: Any
    elb: Any

    @classmethod
    @contextmanager
    def open(cls) -> "Iterator[SandboxLab]":
        """A sandbox at Monday noon."""
        with Sandbox(now=NOON, frozen=True) as sandbox:
            ec2, elb = sandbox.client("ec2"), sandbox.client("elbv2")
            targets = TargetGroupGateway(elb)
            vault = KmsVault(lambda: sandbox.client("kms"), "")
            catalogue = RealCatalogue(Table(sandbox.client("dynamodb"), "snapback"))
            catalogue.ensure()
            region = Region(
                name=HOME,
                instances=InstanceReader(ec2, HOME),
                images=ImageGateway(ec2, HOME, DEPLOYMENT, lambda: sandbox.client("ssm")),
                snapshots=SnapshotReader(ec2, HOME),
                blocks=BlockGateway(lambda: sandbox.client("ebs")),
                launchers=LauncherReader(lambda: sandbox.client("autoscaling"), HOME),
                configurations=ConfigurationReader(ec2, targets, vault),
                machines=MachineGateway(ec2),
                addresses=AddressGateway(ec2),
                targets=targets,
            )
            yield cls(sandbox=sandbox, region=region, catalogue=catalogue, ec2=ec2, elb=elb)

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.sandbox.clock.advance(timedelta(**span).total_seconds())

    def machine(self, tags: Mapping[str, str]) -> str:
        """A running instance."""
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        made = self.ec2.run_instances(
            ImageId=LINUX,
            InstanceType="m5.large",
            MinCount=1,
            MaxCount=1,
            UserData="#!/bin/sh\n",
            BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 20}}],
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}, *pairs]}
            ],
        )
        self.wait(minutes=5)
        return str(made["Instances"][0]["InstanceId"])

    def kill(self, instance_id: str) -> None:
        """Terminate it."""
        self.ec2.terminate_instances(InstanceIds=[instance_id])
        self.wait(minutes=1)

    def address(self, instance_id: str) -> str:
        """An Elastic IP on it."""
        allocation = str(self.ec2.allocate_address(Domain="vpc")["AllocationId"])
        self.ec2.associate_address(AllocationId=allocation, InstanceId=instance_id)
        return allocation

    def group(self, instance_id: str) -> Target:
        """A target group with a load balancer before it."""
        [found] = self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
        vpc = found["Instances"][0]["VpcId"]
        group = self.elb.create_target_group(
            Name="web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="instance"
        )["TargetGroups"][0]["TargetGroupArn"]
        subnets = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
        balancer = self.elb.create_load_balancer(
            Name="front", Subnets=[s["SubnetId"] for s in subnets["Subnets"][:2]]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        target = Target(group_arn=group, target_id=instance_id, port=80)
        self.region.targets.register(target)
        self.wait(minutes=1)
        return target

    def other_image(self, snapshot_id: str) -> str:
        """Another image."""
        made = self.ec2.register_image(
            Name="golden",
            RootDeviceName="/dev/xvda",
            Architecture="x86_64",
            VirtualizationType="hvm",
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}],
        )
        return str(made["ImageId"])

    def drop_image(self, image_id: str) -> None:
        """Deregister it."""
        self.ec2.deregister_image(ImageId=image_id)

    def lock(self, snapshot_id: str) -> None:
        """Lock it."""
        self.ec2.lock_snapshot(SnapshotId=snapshot_id, LockMode="governance", LockDuration=1)

    def share(self, resource_id: str, account: str) -> None:
        """Share it."""
        if resource_id.startswith("ami-"):
            self.ec2.modify_image_attribute(
                ImageId=resource_id, LaunchPermission={"Add": [{"UserId": account}]}
            )
            return
        self.ec2.modify_snapshot_attribute(
            SnapshotId=resource_id,
            Attribute="createVolumePermission",
            OperationType="add",
            UserIds=[account],
        )

    def configure(self, image_id: str) -> None:
        """A launch configuration."""
        self.sandbox.client("autoscaling").create_launch_configuration(
            LaunchConfigurationName="web", ImageId=image_id, InstanceType="t3.micro"
        )

    def drop_group(self, target: Target) -> None:
        """Delete a target group and what forwards to it."""
        for balancer in self.elb.describe_load_balancers()["LoadBalancers"]:
            self.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
        self.elb.delete_target_group(TargetGroupArn=target.group_arn)

    def next_image_fails(self) -> None:
        """One failure."""
        self._fault("CreateImage", "fail-image")

    def go_wrong(self, call: str, kind: str) -> None:
        """One call."""
        self._fault(CALLS[call], kind)

    def _fault(self, action: str, kind: str) -> None:
        self.sandbox.faults.set({"rules": [{"action": action, "kind": kind, "nth": [1]}]})
