"""One recorded instance, built: its disks, its state, what it says of itself."""

from datetime import datetime, timedelta
from typing import Any

from moto.ec2.models.iam_instance_profile import IamInstanceProfileAssociation
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.utils import (
    random_iam_instance_profile_association_id,
    random_reservation_id,
    random_volume_id,
)
from moto.iam.models import iam_backends

from sandbox import base_images
from sandbox.clock import clock
from sandbox.ec2.attachment_model import AttachedDevice, Attachment
from sandbox.ec2.instance_model import STATE_CODES, SandboxInstance
from sandbox.ec2.licences import FREE, Licence
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.volume_types import performance
from sandbox.fleet_documents import Document, Machine
from sandbox.fleet_interfaces import GONE, attach_interfaces, groups_of, has_interface
from sandbox.fleet_surroundings import launched_at, root_size, traits

NOT_FACTS = frozenset(
    {
        "BlockDeviceMappings",
        "InstanceId",
        "NetworkInterfaces",
        "SecurityGroups",
        "State",
        "StateReason",
        "StateTransitionReason",
        "Tags",
    }
)
"""What can change by itself, and is therefore not kept as it was recorded."""

OF_THE_PRIMARY_INTERFACE = frozenset(
    {"PrivateIpAddress", "PublicIpAddress", "SourceDestCheck", "SubnetId", "VpcId"}
)
NEXT = {"pending": "running", "stopping": "stopped", "shutting-down": "terminated"}
TRANSITION = timedelta(seconds=3)
DATA_GIB = 8


class RecordedInstance(SandboxInstance):
    """An instance whose groups are those it was recorded with, until somebody changes them.

    Machines of EC2-Classic have groups and no interface, and recordings that were made
    anonymous name other groups on the instance than on its interface.
    """

    recorded_groups: list[SecurityGroup] | None = None
    groups_when_loaded: list[SecurityGroup] | None = None

    @property
    def security_groups(self) -> list[SecurityGroup]:
        """Those of the primary interface, or as recorded."""
        current = self.nics[0].group_set if 0 in self.nics else []
        if self.recorded_groups is not None and current == self.groups_when_loaded:
            return self.recorded_groups
        return current

    @security_groups.setter
    def security_groups(self, groups: list[SecurityGroup]) -> None:
        if groups and 0 in self.nics:
            self.nics[0].group_set = groups


def build_machine(backend: Any, machine: Machine) -> SandboxInstance:  # noqa: ANN401 - ours
    """Build *machine* in *backend*, where its surroundings are already."""
    recorded = machine.instance
    state = (recorded.get("State") or {}).get("Name", "running")
    facts = _facts(machine)
    instance = RecordedInstance(  # type: ignore[abstract]
        backend,
        facts,
        reservation_id=machine.reservation.get("ReservationId") or random_reservation_id(),
        instance_id=machine.id,
        state=state if state in STATE_CODES else "running",
    )
    instance.requester_id = machine.reservation.get("RequesterId")
    instance.monitoring_state = (recorded.get("Monitoring") or {}).get("State", "disabled")
    instance.checked_from = min(launched_at(machine), clock.now() - timedelta(days=1))
    if recorded.get("InstanceLifecycle") == "spot":
        instance.spot_type = "one-time"
    backend.add_instance(instance)
    backend.tags[machine.id].update(_tags(recorded.get("Tags")))
    _attach_volumes(backend, instance, machine)
    attach_interfaces(backend, instance, machine)
    instance.groups_when_loaded = list(instance.nics[0].group_set) if 0 in instance.nics else []
    if "SecurityGroups" in recorded:
        instance.recorded_groups = groups_of(backend, recorded["SecurityGroups"])
    _associate_profile(backend, instance)
    _settle_state(backend, instance, recorded)
    return instance


def _facts(machine: Machine) -> Document:
    """The recording's own fields, and what EC2 says of every instance."""
    recorded = machine.instance
    like = traits(recorded)
    facts: Document = {
        "AmiLaunchIndex": 0,
        "Architecture": like.architecture,
        "EbsOptimized": False,
        "Hypervisor": like.hypervisor,
        "ImageId": base_images.LINUX.id,
        "InstanceType": "m1.small",
        "RootDeviceName": like.root_device_name or "/dev/sda1",
        "RootDeviceType": "ebs",
        "VirtualizationType": like.virtualization_type,
        "LaunchTime": launched_at(machine).replace(microsecond=0),
    }
    facts |= {name: value for name, value in recorded.items() if name not in NOT_FACTS}
    placement = {"GroupName": "", "Tenancy": "default", **(recorded.get("Placement") or {})}
    facts["Placement"] = {**placement, "AvailabilityZone": machine.zone}
    if has_interface(recorded):
        facts = {name: facts[name] for name in facts if name not in OF_THE_PRIMARY_INTERFACE}
    return facts


def _tags(listed: list[Document] | None) -> dict[str, str]:
    return {each["Key"]: each.get("Value", "") for each in listed or () if "Key" in each}


def _attach_volumes(backend: Any, instance: SandboxInstance, machine: Machine) -> None:  # noqa: ANN401
    for recorded in _mapping(machine):
        ebs = recorded.get("Ebs") or {}
        device = recorded.get("DeviceName") or instance.root_device_name
        attached: datetime = ebs.get("AttachTime") or launched_at(machine)
        is_root = device == instance.root_device_name
        volume_id = ebs.get("VolumeId") or random_volume_id()
        volume = backend.volumes.get(volume_id)
        if volume is None:
            image = backend.find_image(instance.image_id)
            volume = EbsVolume(  # type: ignore[abstract]
                backend,
                volume_id,
                backend.get_zone_by_name(machine.zone),
                performance(None, root_size(machine.instance) if is_root else DATA_GIB, None, None),
                created=attached,
                snapshot_id=image.snapshot_ids_by_device().get(device) if image else None,
                licence=Licence.of(instance.facts) if is_root else FREE,
            )
            backend.volumes[volume_id] = volume
        attachment = Attachment(volume, instance, device, attached)  # type: ignore[abstract]
        volume.held_by.setdefault(instance.id, attachment)
        if is_root:
            instance.root_volumes.append(volume_id)
        entry = AttachedDevice(
            attachment, delete_on_termination=ebs.get("DeleteOnTermination", is_root)
        )
        instance.block_device_mapping[device] = entry


def _mapping(machine: Machine) -> list[Document]:
    """The recorded mapping; a recording without one gets the root volume it must have."""
    recorded = machine.instance
    if "BlockDeviceMappings" in recorded:
        found: list[Document] = recorded["BlockDeviceMappings"]
        return found
    state = (recorded.get("State") or {}).get("Name")
    has_root = recorded.get("RootDeviceType", "ebs") == "ebs" and state not in GONE
    return [{}] if has_root else []


def _associate_profile(backend: Any, instance: SandboxInstance) -> None:  # noqa: ANN401
    """So that DescribeIamInstanceProfileAssociations knows it, too."""
    wanted = (instance.iam_instance_profile or {}).get("Arn")
    profiles = iam_backends[backend.account_id][backend.partition].instance_profiles
    for profile in profiles.values():
        if profile.arn == wanted:
            backend.iam_instance_profile_associations[instance.id] = IamInstanceProfileAssociation(  # type: ignore[abstract]
                backend, random_iam_instance_profile_association_id(), instance, profile
            )


def _settle_state(backend: Any, instance: SandboxInstance, recorded: Document) -> None:  # noqa: ANN401
    """The recorded state and its reasons; a passing state passes after a moment."""
    name = instance.name_of_state
    said: Document = {
        "transition": recorded.get("StateTransitionReason") or "",
        "reason": recorded.get("StateReason"),
    }
    instance.enter(name, **said)
    now = clock.now()
    if name == "terminated":
        backend.timeline.at(now + timedelta(hours=1), lambda _: backend.forget_instance(instance))
        instance.terminated_at = now
    if name in NEXT:
        backend.timeline.at(
            now + TRANSITION, lambda at: backend.enter(instance, NEXT[name], at, **said)
        )
