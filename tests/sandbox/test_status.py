"""Status checks: initializing at first, then as the operator wishes."""

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.health import Health
from sandbox.process import Sandbox
from tests.sandbox.scenes import LINUX, SMALL, describe, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def status(ec2: "EC2Client", instance_id: str) -> dict[str, Any]:
    """The status of one instance in any state."""
    answer = ec2.describe_instance_status(InstanceIds=[instance_id], IncludeAllInstances=True)
    return dict(answer["InstanceStatuses"][0])


def checks(ec2: "EC2Client", instance_id: str) -> tuple[str, str, str]:
    """What the system, instance and volume checks say."""
    said = status(ec2, instance_id)
    names = ("SystemStatus", "InstanceStatus", "AttachedEbsStatus")
    system, instance, disks = (said[name]["Status"] for name in names)
    return system, instance, disks


def test_checks_initialize_and_pass(aws: Sandbox, ec2: "EC2Client") -> None:
    """Not applicable while pending; initializing for ten seconds; then ok."""
    one = launch(ec2)["InstanceId"]
    assert checks(ec2, one) == ("not-applicable",) * 3
    aws.clock.advance(3)
    assert checks(ec2, one) == ("initializing",) * 3
    aws.clock.advance(10)

    assert checks(ec2, one) == ("ok",) * 3
    assert status(ec2, one)["SystemStatus"]["Details"] == [
        {"Name": "reachability", "Status": "passed"}
    ]


def test_only_running_instances_unless_all_are_wanted(aws: Sandbox, ec2: "EC2Client") -> None:
    """IncludeAllInstances."""
    one, two = (
        each["InstanceId"] for each in ec2.run_instances(**{**SMALL, "MaxCount": 2})["Instances"]
    )
    aws.clock.advance(20)
    ec2.stop_instances(InstanceIds=[two])

    some = ec2.describe_instance_status()["InstanceStatuses"]
    everything = ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]

    assert [each["InstanceId"] for each in some] == [one]
    assert {each["InstanceState"]["Name"] for each in everything} == {"running", "stopping"}


def test_checks_begin_again_after_a_start(aws: Sandbox, ec2: "EC2Client") -> None:
    """As after the launch."""
    one = launch(ec2)["InstanceId"]
    aws.clock.advance(20)
    ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(5)
    ec2.start_instances(InstanceIds=[one])
    aws.clock.advance(3)

    assert checks(ec2, one) == ("initializing",) * 3


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"system": "impaired"}, ("impaired", "ok", "ok")),
        ({"instance_status": "impaired"}, ("ok", "impaired", "ok")),
        ({"ebs": "impaired"}, ("ok", "ok", "impaired")),
    ],
    ids=str,
)
def test_the_operator_decides_what_checks_say(
    aws: Sandbox, ec2: "EC2Client", wish: dict[str, str], expected: tuple[str, str, str]
) -> None:
    """Of one instance, until the wish is taken back."""
    one, two = (
        each["InstanceId"] for each in ec2.run_instances(**{**SMALL, "MaxCount": 2})["Instances"]
    )
    aws.clock.advance(20)

    aws.health.set(instance=one, **wish)

    assert (checks(ec2, one), checks(ec2, two)) == (expected, ("ok",) * 3)
    aws.health.set(instance=one, **dict.fromkeys(wish))
    assert checks(ec2, one) == ("ok",) * 3


def test_a_wish_about_an_image_holds_for_its_instances(aws: Sandbox, ec2: "EC2Client") -> None:
    """A wish about the instance itself comes first."""
    one, two = (
        each["InstanceId"] for each in ec2.run_instances(**{**SMALL, "MaxCount": 2})["Instances"]
    )
    aws.clock.advance(20)

    aws.health.set(image=LINUX, instance_status="impaired", application="ok")
    aws.health.set(instance=two, instance_status="ok")

    assert checks(ec2, one)[1] == "impaired"
    assert status(ec2, one)["InstanceStatus"]["Details"][0]["Status"] == "failed"
    assert checks(ec2, two)[1] == "ok"
    assert status(ec2, two)["ApplicationStatus"]["Status"] == "ok"


def test_an_impaired_volume_impairs_the_instances_disks(aws: Sandbox, ec2: "EC2Client") -> None:
    """AttachedEbsStatus."""
    one = launch(ec2)["InstanceId"]
    aws.clock.advance(20)
    volume = describe(ec2, one)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]

    aws.health.set(volume=volume, status="impaired")

    assert checks(ec2, one) == ("ok", "ok", "impaired")


def test_statuses_are_filtered_and_paged(aws: Sandbox, ec2: "EC2Client") -> None:
    """By what they say, five at least a page."""
    ids = [e["InstanceId"] for e in ec2.run_instances(**{**SMALL, "MaxCount": 7})["Instances"]]
    aws.clock.advance(20)
    aws.health.set(instance=ids[3], system="impaired")

    wanted: list[Any] = [{"Name": "system-status.status", "Values": ["impaired"]}]
    found = ec2.describe_instance_status(Filters=wanted)["InstanceStatuses"]
    pages = list(
        ec2.get_paginator("describe_instance_status").paginate(PaginationConfig={"PageSize": 5})
    )

    assert [each["InstanceId"] for each in found] == [ids[3]]
    assert [len(page["InstanceStatuses"]) for page in pages] == [5, 2]


def test_wishes_that_mean_nothing_are_refused() -> None:
    """ValueError names what is known."""
    health = Health()
    wrong: list[dict[str, Any]] = [
        {"system": "impaired"},
        {"instance": "i-1", "image": "ami-1"},
        {"instance": "i-1", "mood": "bad"},
        {"instance": "i-1", "target": "tired"},
    ]
    for wish in wrong:
        with pytest.raises(ValueError, match=r"health|target"):
            health.set(**wish)
    assert health.set(instance="i-1", launch="Client.InternalError") == {
        "launch": "Client.InternalError"
    }
    health.reset()
    assert health.of("launch", "i-1") is None
