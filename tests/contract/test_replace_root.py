"""Replacing the root volume of a running instance, and putting the old one back."""

from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import Place
from tests.contract.scenes import NOBODY, refused

pytestmark = pytest.mark.sandbox_only("tasks are not in a real account's ledger yet")

ROOT = "/dev/xvda"
DONE = frozenset({"succeeded", "failed", "failed-detached"})


def task(place: Place, id_: str) -> dict[str, Any]:
    """One task as DescribeReplaceRootVolumeTasks has it."""
    found = place.ec2.describe_replace_root_volume_tasks(ReplaceRootVolumeTaskIds=[id_])
    one: dict[str, Any] = found["ReplaceRootVolumeTasks"][0]
    return one


def replaced(place: Place, instance: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A task that has ended."""
    made = place.ec2.create_replace_root_volume_task(InstanceId=instance, **more)
    id_ = made["ReplaceRootVolumeTask"]["ReplaceRootVolumeTaskId"]
    place.until(lambda: task(place, id_)["TaskState"] in DONE, at_most=3600)
    return task(place, id_)


def root_of(place: Place, instance: str) -> str:
    """The id of an instance's root volume."""
    return scenes.volumes_of(place, instance)[ROOT]


def prepared(place: Place, instance: str) -> str:
    """A free volume made of a snapshot of an instance's root, beside it."""
    zone = scenes.instance(place, instance)["Placement"]["AvailabilityZone"]
    snapshot = scenes.snapshot_of(place, root_of(place, instance))
    return scenes.free_volume(place, SnapshotId=snapshot, AvailabilityZone=zone)


def test_a_root_is_replaced_by_a_prepared_volume_and_put_back(place: Place) -> None:
    """EC2 API, CreateReplaceRootVolumeTaskRequest.VolumeId and DeleteReplacedRootVolume."""
    one = scenes.machine(place)
    before = scenes.instance(place, one)
    old, new = root_of(place, one), prepared(place, one)

    done = replaced(place, one, VolumeId=new)

    assert (done["TaskState"], done["InstanceId"]) == ("succeeded", one)
    assert root_of(place, one) == new
    place.until(lambda: scenes.volume(place, old)["State"] == "available")
    after = scenes.instance(place, one)
    for kept in ("InstanceId", "PrivateIpAddress", "PublicIpAddress", "ImageId", "State"):
        assert after[kept] == before[kept]
    assert replaced(place, one, VolumeId=old)["TaskState"] == "succeeded"
    assert root_of(place, one) == old


def test_a_task_goes_through_its_states(place: Place) -> None:
    """EC2 API, ReplaceRootVolumeTask.TaskState: pending, in-progress, succeeded."""
    one = scenes.machine(place)
    made = place.ec2.create_replace_root_volume_task(InstanceId=one)["ReplaceRootVolumeTask"]

    assert made["TaskState"] in ("pending", "in-progress")
    assert made["InstanceId"] == one
    id_ = made["ReplaceRootVolumeTaskId"]
    place.until(lambda: task(place, id_)["TaskState"] == "succeeded", at_most=3600)
    assert task(place, id_)["CompleteTime"]


def test_a_root_is_restored_from_a_snapshot_of_it(place: Place) -> None:
    """EC2 API, CreateReplaceRootVolumeTaskRequest.SnapshotId; the size and type are kept."""
    one = scenes.machine(place)
    old = scenes.volume(place, root_of(place, one))
    snapshot = scenes.snapshot_of(place, old["VolumeId"])

    assert replaced(place, one, SnapshotId=snapshot)["TaskState"] == "succeeded"

    new = scenes.volume(place, root_of(place, one))
    assert new["VolumeId"] != old["VolumeId"]
    assert (new["SnapshotId"], new["Size"]) == (snapshot, old["Size"])
    assert new["VolumeType"] == old["VolumeType"]
    assert new["Attachments"][0]["DeleteOnTermination"] is True


def test_without_a_source_a_root_is_as_at_launch(place: Place) -> None:
    """EC2 API, CreateReplaceRootVolumeTask: restored to its initial launch state."""
    one = scenes.machine(place)
    launched = scenes.volume(place, root_of(place, one))

    assert replaced(place, one)["TaskState"] == "succeeded"

    new = scenes.volume(place, root_of(place, one))
    assert new["VolumeId"] != launched["VolumeId"]
    assert new["SnapshotId"] == launched["SnapshotId"]


def test_a_root_from_an_image_changes_the_image_of_the_instance(place: Place) -> None:
    """EC2 User Guide, "Replace the root volume for an Amazon EC2 instance": the new AMI id."""
    one = scenes.machine(place)
    backup = scenes.image_of(place, one)

    assert replaced(place, one, ImageId=backup)["TaskState"] == "succeeded"
    assert scenes.instance(place, one)["ImageId"] == backup


def test_the_replaced_root_is_deleted_only_when_asked_for(place: Place) -> None:
    """EC2 API, CreateReplaceRootVolumeTaskRequest.DeleteReplacedRootVolume."""
    one = scenes.machine(place)
    old = root_of(place, one)

    assert replaced(place, one, DeleteReplacedRootVolume=True)["TaskState"] == "succeeded"

    def gone() -> bool:
        filters = [{"Name": "volume-id", "Values": [old]}]
        return not place.ec2.describe_volumes(Filters=filters)["Volumes"]

    place.until(gone)


def test_only_a_running_instance_has_its_root_replaced(place: Place) -> None:
    """EC2 API, CreateReplaceRootVolumeTask: while it remains running. [NV] the code."""
    one = scenes.machine(place)
    scenes.stopped(place, one)

    code = refused(place.ec2.create_replace_root_volume_task, InstanceId=one)
    assert code in ("IncorrectInstanceState", "IncorrectState", "InvalidInstanceState")


def test_a_snapshot_of_another_volume_is_refused(place: Place) -> None:
    """EC2 User Guide, "Replace the root volume": a snapshot of the same lineage. [NV] the code."""
    one = scenes.machine(place)
    other = scenes.snapshot_of(place, scenes.free_volume(place, Size=8))

    refused(place.ec2.create_replace_root_volume_task, InstanceId=one, SnapshotId=other)
    assert scenes.state(place, one) == "running"


def test_a_volume_in_use_or_of_another_zone_is_refused(place: Place) -> None:
    """EC2 User Guide, "Replace the root volume": same zone, not attached. [NV] the codes."""
    here, there = (scenes.subnet(place, nth)["SubnetId"] for nth in (0, 1))
    one, other = (scenes.machine(place, SubnetId=each) for each in (here, there))
    replace = place.ec2.create_replace_root_volume_task

    refused(replace, InstanceId=one, VolumeId=prepared(place, other))
    refused(replace, InstanceId=one, VolumeId=root_of(place, other))


def test_the_same_client_token_is_one_task(place: Place) -> None:
    """EC2 API, CreateReplaceRootVolumeTaskRequest.ClientToken."""
    one = scenes.machine(place)
    call = {"InstanceId": one, "ClientToken": place.unique("token")}

    made = [place.ec2.create_replace_root_volume_task(**call) for _ in range(2)]

    assert len({each["ReplaceRootVolumeTask"]["ReplaceRootVolumeTaskId"] for each in made}) == 1


def test_tasks_are_found_by_their_instance(place: Place) -> None:
    """EC2 API, DescribeReplaceRootVolumeTasksRequest.Filters: instance-id."""
    one, other = (scenes.machine(place) for _ in range(2))
    made = replaced(place, one)
    replaced(place, other)
    filters = [{"Name": "instance-id", "Values": [one]}]

    found = place.ec2.describe_replace_root_volume_tasks(Filters=filters)
    ids = [each["ReplaceRootVolumeTaskId"] for each in found["ReplaceRootVolumeTasks"]]
    assert ids == [made["ReplaceRootVolumeTaskId"]]


def test_an_unknown_instance_has_no_root_to_replace(place: Place) -> None:
    """EC2 API error codes, InvalidInstanceID.NotFound; DryRunOperation."""
    replace = place.ec2.create_replace_root_volume_task

    assert refused(replace, InstanceId=f"i-{NOBODY}") == "InvalidInstanceID.NotFound"
    assert refused(replace, InstanceId=scenes.machine(place), DryRun=True) == "DryRunOperation"
