"""Snapshots: one volume or all at a moment, in use, shared, copied, locked, archived."""

from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import ABROAD, STRANGER, Place
from tests.contract.scenes import NOBODY, refused, tagged


def test_a_snapshot_is_pending_and_then_completed(place: Place) -> None:
    """EBS User Guide, "Create Amazon EBS snapshots"; EC2 API, Snapshot."""
    disk = scenes.free_volume(place)

    made = place.ec2.create_snapshot(
        VolumeId=disk, Description="by hand", TagSpecifications=tagged("snapshot", a="b")
    )

    assert made["State"] == "pending"
    assert (made["VolumeId"], made["VolumeSize"], made["OwnerId"]) == (disk, 1, place.account)
    id_ = made["SnapshotId"]
    place.until(lambda: scenes.snapshot(place, id_)["State"] == "completed", at_most=3600)
    found = scenes.snapshot(place, id_)
    assert (found["Progress"], found["Description"]) == ("100%", "by hand")
    assert place.tags(found) == {"a": "b"}
    assert found["StorageTier"] == "standard"


def test_a_completed_snapshot_tells_its_full_size(place: Place) -> None:
    """EC2 API, Snapshot.FullSnapshotSizeInBytes: all blocks written, not incremental."""
    disk = scenes.volumes_of(place, scenes.machine(place))["/dev/xvda"]

    found = scenes.snapshot(place, scenes.snapshot_of(place, disk))

    assert 0 < found["FullSnapshotSizeInBytes"] <= found["VolumeSize"] * 1024**3


def test_a_snapshot_outlives_its_volume(place: Place) -> None:
    """EBS User Guide, "Delete an Amazon EBS volume": snapshots are kept."""
    disk = scenes.free_volume(place)
    made = scenes.snapshot_of(place, disk)
    place.ec2.delete_volume(VolumeId=disk)

    assert scenes.snapshot(place, made)["VolumeId"] == disk


def test_all_volumes_of_an_instance_are_taken_at_one_moment(place: Place) -> None:
    """EC2 API, CreateSnapshots: crash-consistent; SnapshotInfo.StartTime is the same for all."""
    source = scenes.with_data(place)

    made = place.ec2.create_snapshots(InstanceSpecification={"InstanceId": source})["Snapshots"]

    assert {each["VolumeId"] for each in made} == set(scenes.volumes_of(place, source).values())
    assert len({each["StartTime"] for each in made}) == 1
    assert {each["State"] for each in made} == {"pending"}


def test_the_boot_volume_can_be_left_out_and_tags_be_copied(place: Place) -> None:
    """EC2 API, InstanceSpecification.ExcludeBootVolume; CreateSnapshots, CopyTagsFromSource."""
    disk = {"DeviceName": scenes.DATA, "Ebs": {"VolumeSize": 1}}
    source = scenes.machine(
        place, BlockDeviceMappings=[disk], TagSpecifications=tagged("volume", of="volume")
    )
    wanted = {"InstanceId": source, "ExcludeBootVolume": True}

    made = place.ec2.create_snapshots(
        InstanceSpecification=wanted,
        CopyTagsFromSource="volume",
        TagSpecifications=tagged("snapshot", own="yes"),
    )["Snapshots"]

    assert [each["VolumeId"] for each in made] == [scenes.volumes_of(place, source)[scenes.DATA]]
    found = scenes.snapshot(place, made[0]["SnapshotId"])
    assert place.tags(found) == {"of": "volume", "own": "yes"}


def test_a_snapshot_in_an_image_cannot_be_deleted(place: Place) -> None:
    """EC2 API error codes, InvalidSnapshot.InUse; EC2 API, DeleteSnapshot."""
    backup = scenes.image_of(place, scenes.machine(place))
    root = scenes.snapshots_in(scenes.image(place, backup))["/dev/xvda"]

    assert refused(place.ec2.delete_snapshot, SnapshotId=root) == "InvalidSnapshot.InUse"
    place.ec2.deregister_image(ImageId=backup)
    place.ec2.delete_snapshot(SnapshotId=root)


def test_a_snapshot_in_a_disabled_image_cannot_be_deleted(place: Place) -> None:
    """EC2 User Guide, "Disable an AMI": its snapshots can't be deleted."""
    backup = scenes.image_of(place, scenes.machine(place))
    root = scenes.snapshots_in(scenes.image(place, backup))["/dev/xvda"]
    place.ec2.disable_image(ImageId=backup)

    assert refused(place.ec2.delete_snapshot, SnapshotId=root) == "InvalidSnapshot.InUse"


def test_a_deleted_snapshot_is_not_found(place: Place) -> None:
    """EC2 API error codes, InvalidSnapshot.NotFound."""
    made = scenes.snapshot_of(place, scenes.free_volume(place))
    place.ec2.delete_snapshot(SnapshotId=made)

    assert refused(place.ec2.delete_snapshot, SnapshotId=made) == "InvalidSnapshot.NotFound"
    assert refused(place.ec2.describe_snapshots, SnapshotIds=[made]) == "InvalidSnapshot.NotFound"


def test_an_unknown_snapshot_and_a_malformed_id_have_their_own_codes(place: Place) -> None:
    """EC2 API error codes, InvalidSnapshot.NotFound and InvalidSnapshotID.Malformed."""
    look = place.ec2.describe_snapshots

    assert refused(look, SnapshotIds=[f"snap-{NOBODY}"]) == "InvalidSnapshot.NotFound"
    assert refused(look, SnapshotIds=["snap-none"]) in (
        "InvalidSnapshotID.Malformed",
        "InvalidParameterValue",
    )


def test_a_snapshot_of_nothing_is_refused(place: Place) -> None:
    """EC2 API error codes, InvalidVolume.NotFound."""
    code = refused(place.ec2.create_snapshot, VolumeId=f"vol-{NOBODY}")

    assert code == "InvalidVolume.NotFound"


def test_a_volume_has_five_pending_snapshots_at_most(place: Place) -> None:
    """EBS User Guide, quotas: 5 concurrent snapshots a volume; ConcurrentSnapshotLimitExceeded."""
    if place.name == "account":
        pytest.skip("EC2 takes one in 15 seconds")
    disk = scenes.free_volume(place)

    def until_refused() -> None:
        for _ in range(6):
            place.ec2.create_snapshot(VolumeId=disk)

    assert refused(until_refused) in (
        "ConcurrentSnapshotLimitExceeded",
        "SnapshotCreationPerVolumeRateExceeded",
    )


def test_a_snapshot_is_found_by_a_filter_and_by_nothing_else(place: Place) -> None:
    """EC2 API, DescribeSnapshotsRequest.Filters."""
    disk, word = scenes.free_volume(place), place.unique("found")
    made = scenes.snapshot_of(
        place, disk, Description=word, TagSpecifications=tagged("snapshot", a=word)
    )
    values = {
        "volume-id": disk,
        "snapshot-id": made,
        "status": "completed",
        "tag:a": word,
        "description": word,
    }

    def finds(name: str, value: str) -> bool:
        filters = [{"Name": name, "Values": [value]}]
        listed = place.ec2.describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"]
        return made in [each["SnapshotId"] for each in listed]

    for name, value in values.items():
        assert finds(name, value), name
        assert not finds(name, "none"), name


def test_snapshots_come_in_pages(place: Place) -> None:
    """EC2 API, DescribeSnapshotsRequest.MaxResults and NextToken."""
    disk = scenes.free_volume(place)
    made = [scenes.snapshot_of(place, disk) for _ in range(7)]
    asked: dict[str, Any] = {"OwnerIds": ["self"], "MaxResults": 5}
    asked["Filters"] = [{"Name": "volume-id", "Values": [disk]}]

    first = place.ec2.describe_snapshots(**asked)
    second = place.ec2.describe_snapshots(**asked, NextToken=first["NextToken"])

    assert [len(page["Snapshots"]) for page in (first, second)] == [5, 2]
    together = [each["SnapshotId"] for each in first["Snapshots"] + second["Snapshots"]]
    assert sorted(together) == sorted(made)


@pytest.mark.sandbox_only("needs a second account")
def test_a_snapshot_is_seen_by_those_it_is_shared_with(place: Place) -> None:
    """EC2 API, DescribeSnapshots: without access it is not included; RestorableByUserIds."""
    made = scenes.snapshot_of(place, scenes.free_volume(place))
    other = place.client("ec2", account=STRANGER)
    assert other.describe_snapshots(SnapshotIds=[made])["Snapshots"] == []

    place.ec2.modify_snapshot_attribute(
        SnapshotId=made,
        Attribute="createVolumePermission",
        OperationType="add",
        UserIds=[STRANGER],
    )

    found = other.describe_snapshots(RestorableByUserIds=["self"], OwnerIds=[place.account])
    assert [each["SnapshotId"] for each in found["Snapshots"]] == [made]
    told = place.ec2.describe_snapshot_attribute(
        SnapshotId=made, Attribute="createVolumePermission"
    )
    assert told["CreateVolumePermissions"] == [{"UserId": STRANGER}]


@pytest.mark.sandbox_only("needs a second account")
def test_a_snapshot_under_the_aws_managed_key_cannot_be_shared(place: Place) -> None:
    """EC2 API, ModifySnapshotAttribute: not when under the default key. [NV] the code."""
    made = scenes.snapshot_of(place, scenes.free_volume(place, Encrypted=True))
    call = {"SnapshotId": made, "Attribute": "createVolumePermission", "OperationType": "add"}

    code = refused(place.ec2.modify_snapshot_attribute, **call, UserIds=[STRANGER])
    assert code in ("InvalidParameter", "InvalidParameterValue", "OperationNotPermitted")


@pytest.mark.sandbox_only("copies to a second region")
def test_a_copy_can_be_encrypted_on_the_way(place: Place) -> None:
    """EC2 API, CopySnapshotRequest.Encrypted and KmsKeyId; called in the destination region."""
    made = scenes.snapshot_of(place, scenes.free_volume(place))
    there = place.client("ec2", region=ABROAD)
    copy = there.copy_snapshot(
        SourceRegion=place.region,
        SourceSnapshotId=made,
        Encrypted=True,
        TagSpecifications=tagged("snapshot", a="b"),
    )["SnapshotId"]

    def found() -> dict[str, Any]:
        listed: dict[str, Any] = there.describe_snapshots(SnapshotIds=[copy])["Snapshots"][0]
        return listed

    assert found()["State"] == "pending"
    place.until(lambda: found()["State"] == "completed", at_most=7200)
    assert found()["Encrypted"] is True
    assert found()["KmsKeyId"].startswith(f"arn:aws:kms:{ABROAD}:")
    assert place.tags(found()) == {"a": "b"}


@pytest.mark.sandbox_only("a lock may outlive the run")
def test_a_locked_snapshot_cannot_be_deleted(place: Place) -> None:
    """EBS User Guide, "Amazon EBS snapshot lock". [NV] the code."""
    made = scenes.snapshot_of(place, scenes.free_volume(place))
    locked = place.ec2.lock_snapshot(SnapshotId=made, LockMode="governance", LockDuration=1)
    assert locked["LockState"] == "governance"

    code = refused(place.ec2.delete_snapshot, SnapshotId=made)
    assert code in ("SnapshotLocked", "OperationNotPermitted", "InvalidSnapshot.InUse")
    found = place.ec2.describe_locked_snapshots(SnapshotIds=[made])["Snapshots"]
    assert [each["LockState"] for each in found] == ["governance"]
    place.ec2.unlock_snapshot(SnapshotId=made)
    place.ec2.delete_snapshot(SnapshotId=made)


@pytest.mark.sandbox_only("an archive is paid for 90 days")
def test_an_archived_snapshot_makes_no_volume(place: Place) -> None:
    """EBS User Guide, "Archive Amazon EBS snapshots": restore it first. [NV] the code."""
    made = scenes.snapshot_of(place, scenes.free_volume(place))
    place.ec2.modify_snapshot_tier(SnapshotId=made, StorageTier="archive")
    place.until(lambda: scenes.snapshot(place, made)["StorageTier"] == "archive", at_most=90000)
    zone = scenes.subnet(place)["AvailabilityZone"]

    code = refused(place.ec2.create_volume, SnapshotId=made, AvailabilityZone=zone)
    assert code in ("IncorrectState", "InvalidParameterValue", "InvalidSnapshot.NotFound")


@pytest.mark.sandbox_only("an archive is paid for 90 days")
def test_a_snapshot_in_an_enabled_image_is_not_archived(place: Place) -> None:
    """EBS User Guide, "Archive Amazon EBS snapshots": all its AMIs must be disabled. [NV] code."""
    backup = scenes.image_of(place, scenes.machine(place))
    root = scenes.snapshots_in(scenes.image(place, backup))["/dev/xvda"]
    archive = place.ec2.modify_snapshot_tier

    refused(archive, SnapshotId=root, StorageTier="archive")
    place.ec2.disable_image(ImageId=backup)
    archive(SnapshotId=root, StorageTier="archive")


def test_a_dry_run_takes_no_snapshot(place: Place) -> None:
    """EC2 API, CreateSnapshotRequest.DryRun: DryRunOperation."""
    disk = scenes.free_volume(place)

    assert refused(place.ec2.create_snapshot, VolumeId=disk, DryRun=True) == "DryRunOperation"
    filters = [{"Name": "volume-id", "Values": [disk]}]
    assert place.ec2.describe_snapshots(Filters=filters)["Snapshots"] == []
