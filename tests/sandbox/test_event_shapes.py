"""Events about volumes, shared snapshots and scheduled changes, as the pages show them."""

from typing import TYPE_CHECKING, Any

from sandbox.process import Sandbox
from tests.sandbox.scenes import launch, subnet_of
from tests.sandbox.test_events import told

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ACCOUNT = "123456789012"


def volume(ec2: "EC2Client", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of the request
    """A new volume as CreateVolume answers."""
    asked: dict[str, Any] = {"AvailabilityZone": "us-east-1a", "Size": 8, **more}
    return dict(ec2.create_volume(**asked))


def test_a_volume_tells_of_its_beginning_changes_and_end(aws: Sandbox, ec2: "EC2Client") -> None:
    """EBS User Guide, createVolume, modifyVolume, deleteVolume: result, cause, request."""
    made = volume(ec2)
    name = made["VolumeId"]
    assert not told(aws, "EBS Volume Notification")
    aws.clock.advance(10)
    ec2.modify_volume(VolumeId=name, Size=9)
    aws.clock.advance(120)
    ec2.delete_volume(VolumeId=name)

    found = told(aws, "EBS Volume Notification")

    assert [(each["detail"]["event"], each["detail"]["result"]) for each in found] == [
        ("createVolume", "available"),
        ("modifyVolume", "optimizing"),
        ("modifyVolume", "completed"),
        ("deleteVolume", "deleted"),
    ]
    first = found[0]
    assert first.pop("id")
    assert first == {
        "version": "0",
        "detail-type": "EBS Volume Notification",
        "source": "aws.ec2",
        "account": ACCOUNT,
        "time": "2026-11-23T12:00:02Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:ec2:us-east-1:{ACCOUNT}:volume/{name}"],
        "detail": {
            "result": "available",
            "cause": "",
            "event": "createVolume",
            "request-id": made["ResponseMetadata"]["RequestId"],
        },
    }


def test_attaching_notifies_and_detaching_is_a_record_of_the_call(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """EBS User Guide, attachVolume, detachVolume."""
    name = volume(ec2)["VolumeId"]
    machine = launch(ec2, SubnetId=subnet_of(ec2))["InstanceId"]
    aws.clock.advance(60)
    aws.events.forget()
    ec2.attach_volume(VolumeId=name, InstanceId=machine, Device="/dev/sdf")
    aws.clock.advance(60)
    ec2.detach_volume(VolumeId=name)

    [attached] = told(aws, "EBS Volume Notification")
    assert attached["detail"] == {
        "event": "attachVolume",
        "result": "attached",
        "cause": "",
        "request-id": "",
    }
    [record] = told(aws, "AWS API Call via CloudTrail")
    assert (record["source"], record["resources"]) == ("aws.ec2", [])
    detail = record["detail"]
    assert (detail["eventName"], detail["eventSource"]) == ("DetachVolume", "ec2.amazonaws.com")
    assert detail["requestParameters"] == {"volumeId": name, "force": False}
    assert detail["responseElements"]["instanceId"] == machine
    assert detail["responseElements"]["status"] == "detaching"


def test_a_snapshot_that_is_deleted_before_never_completes(aws: Sandbox, ec2: "EC2Client") -> None:
    """Only what completes is told of."""
    snapshot = ec2.create_snapshot(VolumeId=_ready(aws, ec2))["SnapshotId"]
    ec2.delete_snapshot(SnapshotId=snapshot)
    aws.clock.advance(600)

    assert not told(aws, "EBS Snapshot Notification")


def _ready(aws: Sandbox, ec2: "EC2Client") -> str:
    name = str(volume(ec2)["VolumeId"])
    aws.clock.advance(10)
    return name


def test_a_copy_says_how_it_was_made(aws: Sandbox, ec2: "EC2Client") -> None:
    """EBS User Guide, copySnapshot: incremental, transferType and the duration's start."""
    snapshot = ec2.create_snapshot(VolumeId=_ready(aws, ec2))["SnapshotId"]
    aws.clock.advance(600)
    for more in ({}, {"CompletionDurationMinutes": 15}):
        ec2.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion="us-east-1", **more)  # type: ignore[arg-type]
    aws.clock.advance(1200)

    _, plain, timed = (each["detail"] for each in told(aws, "EBS Snapshot Notification"))

    assert (plain["incremental"], plain["transferType"]) == ("false", "standard")
    assert timed["transferType"] == "time-based"
    assert timed["completionDurationStartTime"] == "2026-11-23T12:10:10.000Z"


def test_who_is_lent_a_snapshot_hears_of_it(aws: Sandbox, ec2: "EC2Client") -> None:
    """EBS User Guide, shareSnapshot: on the other account's bus, and not for public ones."""
    snapshot = ec2.create_snapshot(VolumeId=_ready(aws, ec2))["SnapshotId"]
    aws.clock.advance(600)
    share = {"SnapshotId": snapshot, "Attribute": "createVolumePermission"}
    other = "444455556666"
    ec2.modify_snapshot_attribute(**share, OperationType="add", UserIds=[other])  # type: ignore[arg-type]
    again: dict[str, Any] = {"Add": [{"UserId": "777788889999"}]}
    ec2.modify_snapshot_attribute(**share, CreateVolumePermission=again)  # type: ignore[arg-type]
    ec2.modify_snapshot_attribute(**share, OperationType="add", GroupNames=["all"])  # type: ignore[arg-type]
    ec2.modify_snapshot_attribute(**share, OperationType="add", UserIds=["111122223333"])  # type: ignore[arg-type]

    _, first, second = told(aws, "EBS Snapshot Notification")

    assert (first["account"], second["account"]) == (other, "777788889999")
    assert first["detail"]["event"] == "shareSnapshot"
    assert first["detail"]["source"] == ACCOUNT
    assert first["detail"]["result"] == "succeeded"


def test_an_image_that_is_gone_before_it_is_done_is_not_available(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """It is deregistered, and that is all."""
    machine = launch(ec2)["InstanceId"]
    aws.clock.advance(60)
    image = ec2.create_image(InstanceId=machine, Name="image", NoReboot=True)["ImageId"]
    ec2.deregister_image(ImageId=image)
    aws.clock.advance(600)

    states = [each["detail"]["State"] for each in told(aws, "EC2 AMI State Change")]
    assert states == ["deregistered"]


def test_a_scheduled_change_shows_in_the_status_and_is_announced(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """AWS Health User Guide, EventBridge schema; EC2 User Guide, scheduled events."""
    machine = launch(ec2)["InstanceId"]
    aws.clock.advance(60)
    aws.health.set(
        instance=machine, event="instance-retirement", not_before="2026-12-09T00:00:00+00:00"
    )

    [status] = ec2.describe_instance_status(InstanceIds=[machine])["InstanceStatuses"]
    [event] = status["Events"]
    assert event["Code"] == "instance-retirement"
    assert f"{event['NotBefore']:%Y-%m-%d}" == "2026-12-09"
    assert event["InstanceEventId"].startswith("instance-event-")
    [told_of] = told(aws, "AWS Health Event")
    assert (told_of["source"], told_of["resources"]) == ("aws.health", [machine])
    detail = told_of["detail"]
    assert detail["eventTypeCode"] == "AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED"
    assert detail["eventTypeCategory"] == "scheduledChange"
    assert detail["startTime"] == "Wed, 09 Dec 2026 00:00:00 GMT"
    assert detail["affectedEntities"][0]["entityValue"] == machine
    wanted: list[Any] = [{"Name": "event.code", "Values": ["instance-retirement"]}]
    assert ec2.describe_instance_status(Filters=wanted)["InstanceStatuses"]

    aws.health.set(instance=machine, event=None, not_before=None)
    [status] = ec2.describe_instance_status(InstanceIds=[machine])["InstanceStatuses"]
    assert not status.get("Events")


def test_an_impairment_says_since_when(aws: Sandbox, ec2: "EC2Client") -> None:
    """``ImpairedSince`` of an instance; what an impaired volume waits for."""
    machine = launch(ec2)
    aws.clock.advance(60)
    [root] = ec2.describe_volumes()["Volumes"]
    aws.health.set(instance=machine["InstanceId"], system="impaired")
    aws.health.set(volume=root["VolumeId"], status="impaired")
    aws.clock.advance(300)
    aws.health.set(instance=machine["InstanceId"], system="impaired")

    [status] = ec2.describe_instance_status()["InstanceStatuses"]
    [detail] = status["SystemStatus"]["Details"]
    assert f"{detail['ImpairedSince']:%H:%M:%S}" == "12:01:00"
    [found] = ec2.describe_volume_status()["VolumeStatuses"]
    assert found["Actions"][0]["Code"] == "enable-volume-io"
    assert found["Events"][0]["EventType"] == "potential-data-inconsistency"
    assert f"{found['Events'][0]['NotBefore']:%H:%M:%S}" == "12:01:00"
    wanted: list[Any] = [{"Name": "event.event-type", "Values": ["potential-*"]}]
    assert ec2.describe_volume_status(Filters=wanted)["VolumeStatuses"]


def test_only_so_many_events_are_remembered(
    aws: Sandbox,
    monkeypatch: Any,  # noqa: ANN401
) -> None:
    """The newest."""
    monkeypatch.setattr("sandbox.bus.KEPT", 10)
    for number in range(30):
        aws.events.emit(
            "Numbered",
            account=ACCOUNT,
            region="us-east-1",
            at=aws.clock.now(),
            resources=[],
            detail={"number": number},
        )
        aws.events.settle()

    kept = [each["detail"]["number"] for each in aws.events.all()]  # type: ignore[index,call-overload]
    assert kept[-1] == 29
    assert 10 <= len(kept) <= 11


def _kept(aws: Sandbox) -> list[dict[str, Any]]:
    """What was told of snapshots after the making of the only one."""
    return told(aws, "EBS Snapshot Notification")[1:]


def _completed(aws: Sandbox, ec2: "EC2Client") -> str:
    snapshot = ec2.create_snapshot(VolumeId=_ready(aws, ec2))["SnapshotId"]
    aws.clock.advance(600)
    return str(snapshot)


def test_a_lock_tells_of_its_beginning_and_of_both_its_ends(aws: Sandbox, ec2: "EC2Client") -> None:
    """EBS User Guide, "Monitor Amazon EBS snapshot lock", in the spelling of the page."""
    snapshot = _completed(aws, ec2)
    asked: dict[str, Any] = {"SnapshotId": snapshot, "LockMode": "compliance", "LockDuration": 1}
    ec2.lock_snapshot(**asked, CoolOffPeriod=2)
    ec2.unlock_snapshot(SnapshotId=snapshot)
    ec2.lock_snapshot(**asked, CoolOffPeriod=3)
    aws.clock.advance(90_000)
    ec2.delete_snapshot(SnapshotId=snapshot)

    found = _kept(aws)

    assert [(each["detail"]["event"], each["detail"]["lockState"]) for each in found] == [
        ("lockSnapshot", "compliance-cooloff"),
        ("lockSnapshot", "compliance-cooloff"),
        ("cooloffperiodExpiry", "compliance"),
        ("lockDurationExpiry", "expired"),
    ]
    arn = f"arn:aws:ec2::us-east-1:snapshot/{snapshot}"
    assert found[1]["resources"] == [arn]
    assert found[1]["detail"] == {
        "event": "lockSnapshot",
        "result": "succeeded",
        "snapshot_id": arn,
        "source": ACCOUNT,
        "lockState": "compliance-cooloff",
        "lockCreatedOn": "2026-11-23T12:10:10Z",
        "lockExpiresOn": "2026-11-24T12:10:10Z",
        "lockDuration": 1,
        "lockStartDurationTime": "2026-11-23T12:10:10Z",
        "cooOffPeriod": 3,
        "coolOffPeriodExpiresOn": "2026-11-23T15:10:10Z",
    }


def test_the_lock_of_a_snapshot_that_fails_is_told_of_as_failed(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """The same page: locked while pending, and never completed."""
    snapshot = _completed(aws, ec2)
    copy = ec2.copy_snapshot(
        SourceSnapshotId=snapshot,
        SourceRegion="us-east-1",
        Encrypted=True,
        KmsKeyId="alias/nobody",
    )["SnapshotId"]
    ec2.lock_snapshot(SnapshotId=copy, LockMode="governance", LockDuration=1)
    aws.clock.advance(90_000)

    [detail] = (each["detail"] for each in _kept(aws) if each["detail"]["event"] == "lockSnapshot")

    assert (detail["result"], detail["cause"], detail["lockState"]) == (
        "failed",
        "snapshot failed",
        "pending-governance",
    )


def test_the_archive_tells_of_what_goes_in_and_comes_back(aws: Sandbox, ec2: "EC2Client") -> None:
    """EBS User Guide, "Monitor Amazon EBS snapshot archiving using CloudWatch Events"."""
    snapshot = _completed(aws, ec2)
    ec2.modify_snapshot_tier(SnapshotId=snapshot, StorageTier="archive")
    aws.clock.advance(3600)
    ec2.restore_snapshot_tier(SnapshotId=snapshot, TemporaryRestoreDays=2)
    aws.clock.advance(4 * 86_400)
    ec2.restore_snapshot_tier(SnapshotId=snapshot, PermanentRestore=True)
    aws.clock.advance(86_400)

    found = _kept(aws)

    assert [each["detail"]["event"] for each in found] == [
        "archiveSnapshot",
        "temporaryRestoreSnapshot",
        "restoreExpiry",
        "permanentRestoreSnapshot",
    ]
    arn = f"arn:aws:ec2:us-east-1::snapshot/{snapshot}"
    assert found[1]["resources"] == [arn]
    assert found[1]["time"] == "2026-11-24T13:10:10Z"
    assert found[1]["detail"] == {
        "event": "temporaryRestoreSnapshot",
        "result": "succeeded",
        "cause": "",
        "request-id": "",
        "snapshot_id": arn,
        "startTime": "2026-11-23T13:10:10Z",
        "endTime": "2026-11-24T13:10:10Z",
        "restoreExpiryTime": "2026-11-26T13:10:10Z",
    }
