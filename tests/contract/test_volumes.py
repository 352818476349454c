"""Volumes: creating, attaching, detaching, changing, deleting."""

from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import Place
from tests.contract.scenes import NOBODY, refused, tagged


def zone_of(place: Place, instance: str) -> str:
    """Where an instance is."""
    return str(scenes.instance(place, instance)["Placement"]["AvailabilityZone"])


def beside(place: Place, instance: str, **more: Any) -> str:  # noqa: ANN401
    """A free volume in an instance's zone."""
    return scenes.free_volume(place, AvailabilityZone=zone_of(place, instance), **more)


def attached(place: Place, disk: str, instance: str, device: str = "/dev/sdg") -> None:
    """Attach a volume and wait for it."""
    place.ec2.attach_volume(VolumeId=disk, InstanceId=instance, Device=device)

    def there() -> bool:
        found = scenes.volume(place, disk)["Attachments"]
        return [each["State"] for each in found] == ["attached"]

    place.until(there)


def test_a_volume_is_creating_and_then_available(place: Place) -> None:
    """EBS User Guide, "Amazon EBS volume state"; EC2 API, CreateVolume."""
    zone = scenes.subnet(place)["AvailabilityZone"]
    made = place.ec2.create_volume(
        AvailabilityZone=zone,
        Size=8,
        VolumeType="gp3",
        Iops=3500,
        Throughput=200,
        Encrypted=True,
        TagSpecifications=tagged("volume", a="b"),
    )

    assert made["State"] == "creating"
    place.until(lambda: scenes.volume(place, made["VolumeId"])["State"] == "available")
    found = scenes.volume(place, made["VolumeId"])
    assert (found["Size"], found["VolumeType"], found["AvailabilityZone"]) == (8, "gp3", zone)
    assert (found["Iops"], found["Throughput"], found["Encrypted"]) == (3500, 200, True)
    assert found["KmsKeyId"]
    assert place.tags(found) == {"a": "b"}


def test_gp3_has_3000_iops_and_125_mib_unless_asked_for_more(place: Place) -> None:
    """EBS User Guide, "General Purpose SSD volumes"; CreateVolumeRequest.Iops, Throughput."""
    found = scenes.volume(place, scenes.free_volume(place, VolumeType="gp3"))

    assert (found["Iops"], found["Throughput"]) == (3000, 125)


def test_a_volume_of_a_snapshot_has_its_size_or_more(place: Place) -> None:
    """EC2 API, CreateVolumeRequest.Size: equal to or larger than the snapshot. [NV] the code."""
    made = scenes.snapshot_of(place, scenes.free_volume(place, Size=2))
    zone = scenes.subnet(place)["AvailabilityZone"]

    found = scenes.volume(place, scenes.free_volume(place, SnapshotId=made))
    assert (found["Size"], found["SnapshotId"]) == (2, made)
    call = {"SnapshotId": made, "AvailabilityZone": zone, "Size": 1}
    assert refused(place.ec2.create_volume, **call) == "InvalidParameterValue"


def test_a_volume_of_an_encrypted_snapshot_is_encrypted_under_its_key(place: Place) -> None:
    """EBS User Guide, "Amazon EBS encryption": volumes of encrypted snapshots are encrypted."""
    disk = scenes.free_volume(place, Encrypted=True)
    made = scenes.snapshot_of(place, disk)

    found = scenes.volume(place, scenes.free_volume(place, SnapshotId=made))
    assert found["Encrypted"] is True
    assert found["KmsKeyId"] == scenes.volume(place, disk)["KmsKeyId"]


def test_a_pending_snapshot_makes_no_volume(place: Place) -> None:
    """EC2 API error codes, IncorrectState: the snapshot must be completed. [NV] the code."""
    made = place.ec2.create_snapshot(VolumeId=scenes.free_volume(place))["SnapshotId"]
    zone = scenes.subnet(place)["AvailabilityZone"]

    code = refused(place.ec2.create_volume, SnapshotId=made, AvailabilityZone=zone)
    assert code in ("IncorrectState", "InvalidSnapshot.NotFound", "InvalidParameterValue")


def test_the_same_client_token_makes_one_volume(place: Place) -> None:
    """EC2 API, CreateVolumeRequest.ClientToken; IdempotentParameterMismatch when changed."""
    zone = scenes.subnet(place)["AvailabilityZone"]
    call = {"AvailabilityZone": zone, "Size": 1, "ClientToken": place.unique("token")}

    first, second = (place.ec2.create_volume(**call)["VolumeId"] for _ in range(2))

    assert first == second
    changed = {**call, "Size": 2}
    assert refused(place.ec2.create_volume, **changed) == "IdempotentParameterMismatch"


def test_an_attached_volume_shows_on_both_sides_and_stays_at_termination(place: Place) -> None:
    """EC2 API, VolumeAttachment; EC2 User Guide, "Preserve data": attached later, not deleted."""
    one = scenes.machine(place)
    disk = beside(place, one)
    attached(place, disk, one)

    found = scenes.volume(place, disk)
    assert found["State"] == "in-use"
    assert found["Attachments"][0]["InstanceId"] == one
    assert found["Attachments"][0]["Device"] == "/dev/sdg"
    assert found["Attachments"][0]["DeleteOnTermination"] is False
    mapping = scenes.instance(place, one)["BlockDeviceMappings"]
    assert {each["DeviceName"] for each in mapping} == {"/dev/xvda", "/dev/sdg"}


def test_a_volume_goes_to_one_instance_only(place: Place) -> None:
    """EC2 API error codes, VolumeInUse."""
    zone = scenes.subnet(place)["SubnetId"]
    one, two = (scenes.machine(place, SubnetId=zone) for _ in range(2))
    disk = beside(place, one)
    attached(place, disk, one)

    call = {"VolumeId": disk, "InstanceId": two, "Device": "/dev/sdg"}
    assert refused(place.ec2.attach_volume, **call) == "VolumeInUse"


def test_a_device_name_is_used_once(place: Place) -> None:
    """EC2 API error codes, InvalidParameterValue: the device is already in use. [NV] the code."""
    one = scenes.machine(place)
    first, second = (beside(place, one) for _ in range(2))
    attached(place, first, one)

    call = {"VolumeId": second, "InstanceId": one, "Device": "/dev/sdg"}
    assert refused(place.ec2.attach_volume, **call) == "InvalidParameterValue"


def test_a_volume_of_another_zone_is_not_attached(place: Place) -> None:
    """EC2 API error codes, InvalidVolume.ZoneMismatch."""
    here, there = (scenes.subnet(place, nth) for nth in (0, 1))
    one = scenes.machine(place, SubnetId=here["SubnetId"])
    disk = scenes.free_volume(place, AvailabilityZone=there["AvailabilityZone"])

    call = {"VolumeId": disk, "InstanceId": one, "Device": "/dev/sdg"}
    assert refused(place.ec2.attach_volume, **call) == "InvalidVolume.ZoneMismatch"


def test_a_volume_is_detaching_and_then_available(place: Place) -> None:
    """EBS User Guide, "Detach an Amazon EBS volume"; EC2 API, DetachVolume."""
    one = scenes.machine(place)
    disk = beside(place, one)
    attached(place, disk, one)

    assert place.ec2.detach_volume(VolumeId=disk)["State"] == "detaching"
    place.until(lambda: scenes.volume(place, disk)["State"] == "available")
    assert scenes.volume(place, disk)["Attachments"] == []


def test_a_free_volume_cannot_be_detached(place: Place) -> None:
    """EC2 API error codes, IncorrectState."""
    assert refused(place.ec2.detach_volume, VolumeId=scenes.free_volume(place)) == "IncorrectState"


def test_the_root_of_a_running_instance_stays(place: Place) -> None:
    """EC2 API, DetachVolume: stop the instance first. [NV] OperationNotPermitted."""
    root = scenes.volumes_of(place, scenes.machine(place))["/dev/xvda"]

    code = refused(place.ec2.detach_volume, VolumeId=root)
    assert code in ("OperationNotPermitted", "IncorrectState")


def test_a_root_is_swapped_while_stopped(place: Place) -> None:
    """EC2 User Guide, "Replace the root volume": stop, detach, attach at the root device, start."""
    one = scenes.machine(place)
    old = scenes.volumes_of(place, one)["/dev/xvda"]
    made = scenes.snapshot_of(place, old)
    new = beside(place, one, SnapshotId=made)
    scenes.stopped(place, one)
    place.ec2.detach_volume(VolumeId=old)
    place.until(lambda: scenes.volume(place, old)["State"] == "available")
    attached(place, new, one, "/dev/xvda")

    place.ec2.start_instances(InstanceIds=[one])
    scenes.is_running(place, one)

    assert scenes.volumes_of(place, one) == {"/dev/xvda": new}
    assert scenes.volume(place, new)["Attachments"][0]["DeleteOnTermination"] is False


def test_an_attached_volume_cannot_be_deleted(place: Place) -> None:
    """EC2 API error codes, VolumeInUse."""
    root = scenes.volumes_of(place, scenes.machine(place))["/dev/xvda"]

    assert refused(place.ec2.delete_volume, VolumeId=root) == "VolumeInUse"


def test_a_deleted_volume_is_not_found(place: Place) -> None:
    """EC2 API error codes, InvalidVolume.NotFound."""
    disk = scenes.free_volume(place)
    place.ec2.delete_volume(VolumeId=disk)

    assert refused(place.ec2.describe_volumes, VolumeIds=[disk]) == "InvalidVolume.NotFound"


def test_an_unknown_volume_and_a_malformed_id_have_their_own_codes(place: Place) -> None:
    """EC2 API error codes, InvalidVolume.NotFound and InvalidVolumeID.Malformed."""
    look = place.ec2.describe_volumes

    assert refused(look, VolumeIds=[f"vol-{NOBODY}"]) == "InvalidVolume.NotFound"
    assert refused(look, VolumeIds=["vol-none"]) in (
        "InvalidVolumeID.Malformed",
        "InvalidParameterValue",
    )


def test_a_change_is_modifying_optimizing_and_completed(place: Place) -> None:
    """EBS User Guide, "Monitor the progress of volume modifications"; ModifyVolume."""
    disk = scenes.free_volume(place, VolumeType="gp3")
    change = place.ec2.modify_volume(VolumeId=disk, Size=2)["VolumeModification"]
    assert (change["ModificationState"], change["OriginalSize"], change["TargetSize"]) == (
        *("modifying", 1),
        2,
    )

    def seen() -> str:
        listed = place.ec2.describe_volumes_modifications(VolumeIds=[disk])
        return str(listed["VolumesModifications"][0]["ModificationState"])

    place.until(lambda: seen() in ("optimizing", "completed"), at_most=3600)
    assert scenes.volume(place, disk)["Size"] == 2


def test_a_volume_does_not_shrink(place: Place) -> None:
    """EC2 API, ModifyVolumeRequest.Size: equal to or greater than the volume. [NV] the code."""
    disk = scenes.free_volume(place, Size=2)

    assert refused(place.ec2.modify_volume, VolumeId=disk, Size=1) == "InvalidParameterValue"


@pytest.mark.sandbox_only("changes the account's settings")
def test_encryption_by_default_encrypts_every_new_volume(place: Place) -> None:
    """EBS User Guide, "Enable Amazon EBS encryption by default"."""
    assert place.ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    place.ec2.enable_ebs_encryption_by_default()

    found = scenes.volume(place, scenes.free_volume(place))
    assert found["Encrypted"] is True
    key = place.ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
    assert key == "alias/aws/ebs" or key.startswith("arn:aws:kms:")
