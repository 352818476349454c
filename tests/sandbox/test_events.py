"""EC2's events are there at the moment AWS would send them, in AWS's shape."""

from typing import TYPE_CHECKING, Any

from sandbox.process import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def told(aws: Sandbox, detail_type: str) -> list[dict[str, Any]]:
    """The events of one kind so far."""
    return [dict(event) for event in aws.events.all() if event["detail-type"] == detail_type]


def launch(aws: Sandbox, ec2: "EC2Client") -> str:
    """A running instance."""
    [instance] = ec2.run_instances(
        ImageId="ami-0abc0000000000001", MinCount=1, MaxCount=1, InstanceType="t3.micro"
    )["Instances"]
    aws.clock.advance(10)
    return instance["InstanceId"]


def test_an_image_is_told_of_when_it_is_available(aws: Sandbox, ec2: "EC2Client") -> None:
    """EC2 User Guide, "Monitor AMI events using Amazon EventBridge"."""
    instance = launch(aws, ec2)
    answer = ec2.create_image(InstanceId=instance, Name="image")
    assert not told(aws, "EC2 AMI State Change")

    aws.clock.advance(600)

    [event] = told(aws, "EC2 AMI State Change")
    assert event.pop("id")
    assert event.pop("time") < "2026-11-23T12:10:10Z"
    assert event == {
        "version": "0",
        "detail-type": "EC2 AMI State Change",
        "source": "aws.ec2",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": [f"arn:aws:ec2:us-east-1::image/{answer['ImageId']}"],
        "detail": {
            "RequestId": answer["ResponseMetadata"]["RequestId"],
            "ImageId": answer["ImageId"],
            "State": "available",
            "ErrorMessage": "",
        },
    }


def test_an_image_that_fails_says_why(aws: Sandbox, ec2: "EC2Client") -> None:
    """The error message is in the event."""
    instance = launch(aws, ec2)
    aws.faults.set({"rules": [{"kind": "fail-image"}]})
    ec2.create_image(InstanceId=instance, Name="image")
    aws.clock.advance(600)

    [event] = told(aws, "EC2 AMI State Change")
    assert event["detail"]["State"] == "failed"
    assert event["detail"]["ErrorMessage"]


def test_what_happens_to_an_image_later_is_told_at_once(aws: Sandbox, ec2: "EC2Client") -> None:
    """Disabled, enabled, deregistered."""
    image = ec2.create_image(InstanceId=launch(aws, ec2), Name="image")["ImageId"]
    aws.clock.advance(600)
    ec2.disable_image(ImageId=image)
    aws.clock.advance(1)
    ec2.enable_image(ImageId=image)
    aws.clock.advance(1)
    ec2.deregister_image(ImageId=image)

    states = [event["detail"]["State"] for event in told(aws, "EC2 AMI State Change")]
    assert states == ["available", "disabled", "available", "deregistered"]


def test_a_snapshot_is_told_of_when_it_completes(aws: Sandbox, ec2: "EC2Client") -> None:
    """EBS User Guide, "EventBridge events for Amazon EBS"."""
    launch(aws, ec2)
    [volume] = ec2.describe_volumes()["Volumes"]
    snapshot = ec2.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"]
    aws.clock.advance(600)
    copy = ec2.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion="us-east-1")["SnapshotId"]
    aws.clock.advance(600)

    first, second = told(aws, "EBS Snapshot Notification")
    assert first["resources"] == [f"arn:aws:ec2::us-east-1:snapshot/{snapshot}"]
    assert first["detail"]["event"] == "createSnapshot"
    assert first["detail"]["result"] == "succeeded"
    assert first["detail"]["source"] == f"arn:aws:ec2::us-east-1:volume/{volume['VolumeId']}"
    assert first["detail"]["startTime"] <= first["detail"]["endTime"]
    assert second["detail"]["event"] == "copySnapshot"
    assert second["detail"]["snapshot_id"] == f"arn:aws:ec2::us-east-1:snapshot/{copy}"
    assert second["detail"]["source"] == f"arn:aws:ec2::us-east-1:snapshot/{snapshot}"


def test_snapshots_of_one_moment_are_told_of_together(aws: Sandbox, ec2: "EC2Client") -> None:
    """``EBS Multi-Volume Snapshots Completion Status``, beside one event each."""
    instance = launch(aws, ec2)
    made = ec2.create_snapshots(InstanceSpecification={"InstanceId": instance})["Snapshots"]
    aws.clock.advance(600)

    [together] = told(aws, "EBS Multi-Volume Snapshots Completion Status")
    assert len(told(aws, "EBS Snapshot Notification")) == len(made) == 1
    assert together["detail"]["event"] == "createSnapshots"
    assert [each["status"] for each in together["detail"]["snapshots"]] == ["completed"]


def test_an_instance_tells_of_every_state(aws: Sandbox, ec2: "EC2Client") -> None:
    """EC2 User Guide, "Automate Amazon EC2 using EventBridge"."""
    instance = launch(aws, ec2)
    ec2.stop_instances(InstanceIds=[instance])
    aws.clock.advance(10)
    ec2.terminate_instances(InstanceIds=[instance])
    aws.clock.advance(10)

    found = told(aws, "EC2 Instance State-change Notification")
    states = [event["detail"]["state"] for event in found]
    assert states == ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]
    assert {event["detail"]["instance-id"] for event in found} == {instance}
    assert found[0]["resources"] == [f"arn:aws:ec2:us-east-1:123456789012:instance/{instance}"]
    assert told(aws, "EC2 Instance State-change Notification") == found, "told once"
