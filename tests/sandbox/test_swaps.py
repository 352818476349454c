"""Whole rollbacks in place, call by call, told apart by what is on the disks.

Mode c replaces the root of a running machine, mode d swaps all volumes of a stopped one;
both keep what they take off, and their undo puts it back.
"""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: D102, D103

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.process import Sandbox
from tests.sandbox.scenes import describe, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ZONE = "us-east-1a"
ROOT, DATA = "/dev/xvda", "/dev/sdf"
EVERYTHING_AS_ON_TUESDAY = {ROOT: "root on Tuesday", DATA: "data on Tuesday"}
EVERYTHING_AS_TODAY = {ROOT: "root today", DATA: "data today"}


class Machine:
    """One instance with a root and a data volume, backed up on Tuesday and changed since."""

    def __init__(self, aws: Sandbox, ec2: "EC2Client") -> None:
        self.aws, self.ec2 = aws, ec2
        ebs = {"VolumeSize": 4, "DeleteOnTermination": True}
        self.id = str(
            launch(
                ec2,
                Placement={"AvailabilityZone": ZONE},
                BlockDeviceMappings=[{"DeviceName": DATA, "Ebs": ebs}],
            )["InstanceId"]
        )
        aws.clock.advance(60)
        self.write(EVERYTHING_AS_ON_TUESDAY)
        image = ec2.create_image(InstanceId=self.id, Name="Tuesday", NoReboot=True)["ImageId"]
        aws.clock.advance(24 * 3600)
        self.write(EVERYTHING_AS_TODAY)
        [found] = ec2.describe_images(ImageIds=[image])["Images"]
        self.snapshots = {
            each["DeviceName"]: each["Ebs"]["SnapshotId"] for each in found["BlockDeviceMappings"]
        }

    def write(self, texts: Mapping[str, str]) -> None:
        for device, volume in self.volumes.items():
            self.aws.disks.write(volume, texts[device])

    @property
    def volumes(self) -> dict[str, str]:
        return {device: ebs["VolumeId"] for device, ebs in self.blocks.items()}

    @property
    def blocks(self) -> dict[str, Any]:
        mapping = describe(self.ec2, self.id)["BlockDeviceMappings"]
        return {each["DeviceName"]: each["Ebs"] for each in mapping}

    @property
    def holds(self) -> dict[str, str]:
        devices = self.aws.disks.read(self.id)["devices"]
        return {device: each["holds"] for device, each in devices.items()}

    def prepare(self, *devices: str) -> dict[str, str]:
        """Volumes as on Tuesday, ready to be attached."""
        made = {
            device: str(
                self.ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=self.snapshots[device])[
                    "VolumeId"
                ]
            )
            for device in devices
        }
        self.aws.clock.advance(5)
        return made

    def replace_root(self, volume: str) -> None:
        answer = self.ec2.create_replace_root_volume_task(InstanceId=self.id, VolumeId=volume)
        self.aws.clock.advance(60)
        task_id = answer["ReplaceRootVolumeTask"]["ReplaceRootVolumeTaskId"]
        [task] = self.ec2.describe_replace_root_volume_tasks(ReplaceRootVolumeTaskIds=[task_id])[
            "ReplaceRootVolumeTasks"
        ]
        assert task["TaskState"] == "succeeded"

    def swap(self, volumes: Mapping[str, str], flags: Mapping[str, bool]) -> dict[str, str]:
        """Mode d: stop, detach all, attach *volumes*, set the flags, start; what was before."""
        before = self.volumes
        self.ec2.stop_instances(InstanceIds=[self.id])
        self.aws.clock.advance(10)
        for volume in before.values():
            self.ec2.detach_volume(VolumeId=volume)
        self.aws.clock.advance(5)
        for device, volume in volumes.items():
            self.ec2.attach_volume(VolumeId=volume, InstanceId=self.id, Device=device)
        self.aws.clock.advance(5)
        assert {each["DeleteOnTermination"] for each in self.blocks.values()} == {False}
        for device, flag in flags.items():
            self.ec2.modify_instance_attribute(
                InstanceId=self.id,
                BlockDeviceMappings=[{"DeviceName": device, "Ebs": {"DeleteOnTermination": flag}}],
            )
        self.ec2.start_instances(InstanceIds=[self.id])
        self.aws.clock.advance(60)
        return before


@pytest.fixture
def machine(aws: Sandbox, ec2: "EC2Client") -> Machine:
    return Machine(aws, ec2)


def test_mode_c_turns_back_the_root_alone_and_its_undo_brings_back_exactly_the_old_one(
    machine: Machine, ec2: "EC2Client"
) -> None:
    before, facts = machine.volumes, describe(ec2, machine.id)
    [prepared] = machine.prepare(ROOT).values()

    machine.replace_root(prepared)

    assert machine.volumes == {ROOT: prepared, DATA: before[DATA]}
    assert machine.holds == {ROOT: "root on Tuesday", DATA: "data today"}
    [old] = ec2.describe_volumes(VolumeIds=[before[ROOT]])["Volumes"]
    assert (old["State"], old["Attachments"]) == ("available", [])
    after = describe(ec2, machine.id)
    for same in ("PrivateIpAddress", "PublicIpAddress", "ImageId", "LaunchTime", "State"):
        assert after[same] == facts[same]
    machine.write({ROOT: "root on Tuesday, tried", DATA: "data today, later"})

    machine.replace_root(before[ROOT])

    assert machine.volumes == before
    assert machine.holds == {ROOT: "root today", DATA: "data today, later"}


def test_mode_d_turns_back_every_volume_and_its_undo_is_exact(machine: Machine) -> None:
    flags = {device: ebs["DeleteOnTermination"] for device, ebs in machine.blocks.items()}

    before = machine.swap(machine.prepare(ROOT, DATA), flags)

    assert machine.holds == EVERYTHING_AS_ON_TUESDAY
    assert {name: ebs["DeleteOnTermination"] for name, ebs in machine.blocks.items()} == flags
    machine.write({ROOT: "tried", DATA: "tried"})
    tried = machine.swap(before, flags)
    assert machine.volumes == before
    assert machine.holds == EVERYTHING_AS_TODAY
    assert machine.aws.disks.read(tried[ROOT])["holds"] == "tried"


def test_a_root_at_the_wrong_name_or_on_its_way_out_keeps_a_machine_from_starting(
    machine: Machine, ec2: "EC2Client"
) -> None:
    aws, root = machine.aws, machine.volumes[ROOT]
    ec2.stop_instances(InstanceIds=[machine.id])
    aws.clock.advance(10)
    ec2.detach_volume(VolumeId=root)
    with pytest.raises(ClientError, match="volume attached at root"):
        ec2.start_instances(InstanceIds=[machine.id])
    aws.clock.advance(5)
    ec2.attach_volume(VolumeId=root, InstanceId=machine.id, Device="/dev/sda1")
    aws.clock.advance(5)

    with pytest.raises(ClientError, match=r"volume attached at root \(/dev/xvda\)"):
        ec2.start_instances(InstanceIds=[machine.id])


class TestStuckDetachment:
    """A volume that the guest, or EBS, will not let go of."""

    def state(self, machine: Machine, volume: str) -> str:
        [found] = machine.ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
        return found["Attachments"][0]["State"] if found["Attachments"] else found["State"]

    @pytest.fixture
    def stuck(self, machine: Machine) -> str:
        """The data volume of the running machine, asked to detach and busy since."""
        volume = machine.volumes[DATA]
        machine.aws.health.set(volume=volume, detach="stuck")
        assert machine.ec2.detach_volume(VolumeId=volume)["State"] == "detaching"
        machine.aws.clock.advance(600)
        assert self.state(machine, volume) == "busy"
        assert machine.blocks[DATA]["Status"] == "detaching"
        return volume

    def test_force_ends_it(self, machine: Machine, stuck: str) -> None:
        machine.ec2.detach_volume(VolumeId=stuck)
        machine.aws.clock.advance(60)
        assert self.state(machine, stuck) == "busy"

        machine.ec2.detach_volume(VolumeId=stuck, Force=True)
        assert self.state(machine, stuck) == "detaching"
        machine.aws.clock.advance(5)

        assert self.state(machine, stuck) == "available"
        assert DATA not in machine.volumes

    @pytest.mark.parametrize("way", ["stop_instances", "reboot_instances"])
    def test_a_stop_or_a_reboot_ends_it(self, machine: Machine, stuck: str, way: str) -> None:
        getattr(machine.ec2, way)(InstanceIds=[machine.id])
        machine.aws.clock.advance(5)
        self.state(machine, stuck)
        machine.aws.clock.advance(5)

        assert self.state(machine, stuck) == "available"

    def test_the_operator_ends_it(self, machine: Machine, stuck: str) -> None:
        machine.aws.health.set(volume=stuck, detach=None)
        machine.aws.clock.advance(5)

        assert self.state(machine, stuck) == "available"

    def test_termination_ends_it(self, machine: Machine, stuck: str) -> None:
        machine.ec2.terminate_instances(InstanceIds=[machine.id])
        machine.aws.clock.advance(60)

        assert self.state(machine, stuck) == "available"

    def test_on_a_stopped_machine_only_force_ends_it(self, machine: Machine) -> None:
        volume = machine.volumes[ROOT]
        machine.aws.health.set(volume=volume, detach="stuck")
        machine.ec2.stop_instances(InstanceIds=[machine.id])
        machine.aws.clock.advance(10)
        machine.ec2.detach_volume(VolumeId=volume)
        machine.aws.clock.advance(600)
        assert self.state(machine, volume) == "detaching"

        machine.ec2.detach_volume(VolumeId=volume, Force=True)
        machine.aws.clock.advance(5)

        assert self.state(machine, volume) == "available"
