"""The volumes of a launch: the image's mapping, changed by the request's, made and attached.

Sources: EC2 User Guide "block-device-mapping-concepts" and "launch-instances-from-ami";
botocore's model, ``EbsBlockDevice`` (size not below the snapshot's, ``KmsKeyId`` only with
``Encrypted``, which types take IOPS and throughput); EC2 API error codes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from moto.ec2.exceptions import EC2ClientError

from sandbox.ec2.attachments import NOT_BOOTABLE, AttachmentRules
from sandbox.ec2.errors import invalid_mapping
from sandbox.ec2.image_model import Image
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.licences import Licence
from sandbox.ec2.lifecycle import LifecycleRules
from sandbox.ec2.volume_types import DEFAULT_TYPE, VOLUME_TYPES, check_initialization, performance

Entry = dict[str, Any]


class LaunchDiskRules(LifecycleRules, AttachmentRules):
    """How a launch gets its volumes."""

    def plan_disks(self, image: Image, overrides: Sequence[Mapping[str, Any]]) -> list[Entry]:
        """The mapping to launch with, every entry complete and possible.

        Only the fields an override gives are changed; ``NoDevice`` drops the device.
        """
        mapping = {device.name: device.to_launch() for device in image.mapping}
        seen: set[str] = set()
        for override in overrides:
            name = override.get("DeviceName")
            if not name:
                raise EC2ClientError(
                    "MissingParameter", "The request must contain the parameter deviceName"
                )
            if name in seen:
                raise invalid_mapping(
                    f"The device '{name}' is used in more than one block-device mapping"
                )
            seen.add(name)
            changed = _changed(mapping.get(name), override, is_root=name == image.root_device_name)
            if changed is None:
                mapping.pop(name, None)
            else:
                mapping[name] = changed
        for entry in mapping.values():
            if "Ebs" in entry:
                self._complete(entry, is_root=entry["DeviceName"] == image.root_device_name)
        return list(mapping.values())

    def _complete(self, entry: Entry, *, is_root: bool) -> None:
        """Fill in size and flags, and refuse what no volume can be made of.

        A root on HDD is none (EC2 API, CreateVolume: "can't be used as boot volumes"; the code
        is [NV]).
        """
        ebs = entry["Ebs"]
        snapshot = None
        if ebs.get("SnapshotId"):
            snapshot = self.find_snapshot(ebs["SnapshotId"])
            if snapshot is None:
                raise EC2ClientError(
                    "InvalidSnapshot.NotFound",
                    f"The snapshot '{ebs['SnapshotId']}' does not exist.",
                )
        least = snapshot.volume.size if snapshot else 0
        size = ebs.setdefault("VolumeSize", least)
        if not size:
            raise EC2ClientError(
                "MissingParameter", "The request must contain the parameter size or snapshotId"
            )
        if int(size) < least:
            raise invalid_mapping(
                f"Volume of size {size}GB is smaller than snapshot '{ebs['SnapshotId']}', "
                f"expect size >= {least}GB"
            )
        if snapshot is not None and snapshot.encrypted and ebs.get("Encrypted") is False:
            raise invalid_mapping(
                f"The device '{entry['DeviceName']}' has an encrypted snapshot; its volume "
                "cannot be unencrypted"
            )
        if snapshot is not None and ebs.get("KmsKeyId") == snapshot.key:
            # naming the key that it has anyway is no re-encryption
            ebs.pop("KmsKeyId", None)
        check_initialization(ebs.get("VolumeInitializationRate"), has_snapshot=snapshot is not None)
        ebs.setdefault("DeleteOnTermination", is_root)
        if is_root and ebs.get("VolumeType") in NOT_BOOTABLE:
            raise invalid_mapping(
                f"The volume type '{ebs['VolumeType']}' cannot be used for the root device "
                f"'{entry['DeviceName']}'"
            )
        performance(ebs.get("VolumeType"), int(size), ebs.get("Iops"), ebs.get("Throughput"))

    def make_disks(
        self, instance: SandboxInstance, mapping: Sequence[Entry], tags: Mapping[str, str]
    ) -> bool:
        """Make and attach the volumes; answers whether all of them can be used."""
        usable = True
        for entry in mapping:
            ebs = entry.get("Ebs")
            if ebs is None:
                continue
            volume = self.create_volume(
                int(ebs["VolumeSize"]),
                instance.availability_zone,
                ebs.get("SnapshotId"),
                bool(ebs.get("Encrypted")),
                ebs.get("KmsKeyId"),
                ebs.get("VolumeType"),
                ebs.get("Iops"),
                ebs.get("Throughput"),
                initialization_rate=ebs.get("VolumeInitializationRate"),
            )
            if entry["DeviceName"] == instance.root_device_name:
                volume.licence = Licence.of(instance.facts)
            if tags:
                self.tags[volume.id].update(tags)
            self.attach_volume(
                volume.id, instance.id, entry["DeviceName"], bool(ebs["DeleteOnTermination"])
            )
            usable = usable and not volume.is_broken
        return usable


def _changed(base: Entry | None, override: Mapping[str, Any], *, is_root: bool) -> Entry | None:
    """*base* with what *override* gives; ``None`` when the device is to be left out."""
    name = override["DeviceName"]
    if override.get("NoDevice") is not None:
        if is_root:
            raise invalid_mapping(f"The root device '{name}' cannot be left out")
        return None
    if override.get("VirtualName"):
        return {"DeviceName": name, "VirtualName": override["VirtualName"]}
    given = {key: value for key, value in (override.get("Ebs") or {}).items() if value is not None}
    if given.get("KmsKeyId") and not given.get("Encrypted"):
        raise EC2ClientError(
            "InvalidParameterDependency",
            "The parameter KmsKeyId requires the parameter Encrypted to be set.",
        )
    before = cast("Entry", (base or {}).get("Ebs") or {})
    snapshot = given.get("SnapshotId", before.get("SnapshotId"))
    if is_root and snapshot != before.get("SnapshotId"):
        raise invalid_mapping("snapshotId cannot be modified on root device")
    if not (before or given):
        raise EC2ClientError("MissingParameter", "The request must contain the parameter ebs")
    kept = _fitting(before, given.get("VolumeType"))
    if "SnapshotId" in given and given["SnapshotId"] != before.get("SnapshotId"):
        kept.pop("VolumeSize", None)
    return {"DeviceName": name, "Ebs": {**kept, **given}}


def _fitting(before: Entry, new_type: str | None) -> Entry:
    """The image's settings without what the new type does not take [NV]."""
    kind = VOLUME_TYPES.get(new_type or str(before.get("VolumeType") or DEFAULT_TYPE))
    dropped = set()
    if kind is not None and kind.iops is None:
        dropped.add("Iops")
    if kind is not None and kind.throughputs is None:
        dropped.add("Throughput")
    return {key: value for key, value in before.items() if key not in dropped}
