"""The Recycle Bin: what a retention rule keeps, for how long, and how it comes back."""

from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import Place
from tests.contract.scenes import refused, tagged

pytestmark = pytest.mark.sandbox_only("a retention rule holds for a whole account")

DAY = 86400


def keep(place: Place, kind: str, days: int = 7, **more: Any) -> str:  # noqa: ANN401
    """A retention rule that is in force."""
    bin_ = place.client("rbin")
    period = {"RetentionPeriodValue": days, "RetentionPeriodUnit": "DAYS"}
    made = bin_.create_rule(ResourceType=kind, RetentionPeriod=period, **more)["Identifier"]
    place.until(lambda: bin_.get_rule(Identifier=made)["Status"] == "available")
    place.later(3600)
    return str(made)


def in_bin(place: Place) -> set[str]:
    """The snapshots and images in the bin."""
    snapshots = place.ec2.list_snapshots_in_recycle_bin()["Snapshots"]
    images = place.ec2.list_images_in_recycle_bin()["Images"]
    return {each["SnapshotId"] for each in snapshots} | {each["ImageId"] for each in images}


def test_a_deleted_snapshot_is_kept_and_comes_back(place: Place) -> None:
    """Recycle Bin User Guide, "Recover resources"; EC2 API, RestoreSnapshotFromRecycleBin."""
    keep(place, "EBS_SNAPSHOT")
    made = scenes.snapshot_of(place, scenes.free_volume(place))
    place.ec2.delete_snapshot(SnapshotId=made)

    assert refused(place.ec2.describe_snapshots, SnapshotIds=[made]) == "InvalidSnapshot.NotFound"
    assert in_bin(place) == {made}
    place.ec2.restore_snapshot_from_recycle_bin(SnapshotId=made)
    place.until(lambda: scenes.snapshot(place, made)["State"] == "completed")
    assert in_bin(place) == set()


def test_what_is_in_the_bin_goes_when_its_time_is_over(place: Place) -> None:
    """Recycle Bin User Guide, "How does Recycle Bin work": permanently deleted at the end."""
    keep(place, "EBS_SNAPSHOT", days=7)
    made = scenes.snapshot_of(place, scenes.free_volume(place))
    place.ec2.delete_snapshot(SnapshotId=made)
    place.later(6 * DAY)
    assert in_bin(place) == {made}
    place.later(2 * DAY)

    assert in_bin(place) == set()
    code = refused(place.ec2.restore_snapshot_from_recycle_bin, SnapshotId=made)
    assert code == "InvalidSnapshot.NotFound"


def test_without_a_rule_nothing_is_kept(place: Place) -> None:
    """Recycle Bin User Guide, "Retention rules": only resources that match a rule."""
    made = scenes.snapshot_of(place, scenes.free_volume(place))
    place.ec2.delete_snapshot(SnapshotId=made)

    assert in_bin(place) == set()


def test_a_rule_about_tags_keeps_only_what_has_them(place: Place) -> None:
    """Recycle Bin User Guide, "Retention rules": tag-level rules."""
    wanted = [{"ResourceTagKey": "keep", "ResourceTagValue": "yes"}]
    keep(place, "EBS_SNAPSHOT", ResourceTags=wanted)
    disk = scenes.free_volume(place)
    kept = scenes.snapshot_of(place, disk, TagSpecifications=tagged("snapshot", keep="yes"))
    dropped = scenes.snapshot_of(place, disk, TagSpecifications=tagged("snapshot", keep="no"))
    for each in (kept, dropped):
        place.ec2.delete_snapshot(SnapshotId=each)

    assert in_bin(place) == {kept}


def test_a_deregistered_image_is_kept_and_comes_back(place: Place) -> None:
    """Recycle Bin User Guide, "Recover deregistered AMIs"; EC2 API, RestoreImageFromRecycleBin."""
    keep(place, "EC2_IMAGE")
    made = scenes.image_of(place, scenes.machine(place))
    place.ec2.deregister_image(ImageId=made)

    assert in_bin(place) == {made}
    place.ec2.restore_image_from_recycle_bin(ImageId=made)
    place.until(lambda: scenes.image(place, made)["State"] == "available")
    assert in_bin(place) == set()


def test_an_image_needs_its_snapshots_to_come_back(place: Place) -> None:
    """Recycle Bin User Guide: restore the snapshots first. [NV] the code."""
    for kind in ("EC2_IMAGE", "EBS_SNAPSHOT"):
        keep(place, kind)
    made = scenes.image_of(place, scenes.machine(place))
    root = scenes.snapshots_in(scenes.image(place, made))["/dev/xvda"]
    place.ec2.deregister_image(ImageId=made, DeleteAssociatedSnapshots=True)
    assert in_bin(place) == {made, root}

    refused(place.ec2.restore_image_from_recycle_bin, ImageId=made)
    place.ec2.restore_snapshot_from_recycle_bin(SnapshotId=root)
    place.until(lambda: scenes.snapshot(place, root)["State"] == "completed")
    place.ec2.restore_image_from_recycle_bin(ImageId=made)
    place.until(lambda: scenes.image(place, made)["State"] == "available")


def test_a_rule_that_is_gone_is_not_found(place: Place) -> None:
    """Recycle Bin API, GetRule and DeleteRule: ResourceNotFoundException."""
    made = keep(place, "EBS_SNAPSHOT")
    place.client("rbin").delete_rule(Identifier=made)

    code = refused(place.client("rbin").get_rule, Identifier=made)
    assert code == "ResourceNotFoundException"
