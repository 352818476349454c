"""Changing instances: each call does its one thing, and can be made again."""

# ruff: noqa: N802

from base64 import b64encode
from dataclasses import replace
from typing import Any, cast

import pytest

from chalicelib.aws.instances import InstanceReader
from chalicelib.aws.machines import MachineGateway
from chalicelib.aws.session import Session
from chalicelib.domain.configuration import Attributes
from chalicelib.domain.errors import AwsError, LaterError
from chalicelib.domain.health import InstanceHealth
from chalicelib.domain.launch import LaunchRequest
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import LINUX, REGION, Machine, describe, later, launch_plain

NOBODY = "i-0fffffffffffffff0"


@pytest.fixture
def machines(session: Session) -> MachineGateway:
    """Instances of us-east-1."""
    return MachineGateway(session.ec2(REGION))


def attribute(sandbox: Sandbox, instance: str, name: str) -> object:
    """One attribute as EC2 tells it."""
    answer = sandbox.client("ec2").describe_instance_attribute(InstanceId=instance, Attribute=name)
    return answer[name[0].upper() + name[1:]]["Value"]


def test_health_follows_the_status_checks(
    sandbox: Sandbox, web: Machine, machines: MachineGateway
) -> None:
    """Success is something observed, never a launch that returned."""
    healthy = machines.health(web.id)
    sandbox.health.set(instance=web.id, system="impaired")

    assert healthy == InstanceHealth(system="ok", instance="ok", volumes="ok")
    assert healthy.passed
    assert machines.health(web.id).system == "impaired"
    assert not machines.health(web.id).passed


def test_an_instance_that_ec2_does_not_know_yet_has_no_health(machines: MachineGateway) -> None:
    """A fresh id may be unknown for a while."""
    assert machines.health(NOBODY) == InstanceHealth()
    assert not InstanceHealth().passed


class Silent:
    """An EC2 that has nothing to say of any instance yet."""

    def describe_instance_status(self, **given: object) -> dict[str, object]:
        """DescribeInstanceStatus."""
        del given
        return {"InstanceStatuses": []}


def test_an_instance_without_a_status_yet_has_no_health() -> None:
    """Not an error, and never a pass."""
    assert MachineGateway(cast("Any", Silent())).health(NOBODY) == InstanceHealth()


def test_F58_the_same_token_launches_once(
    sandbox: Sandbox, web: Machine, session: Session, machines: MachineGateway, heard: Heard
) -> None:
    """A second delivery of the step finds the first one's machine, user data and all."""
    [source] = InstanceReader(session.ec2(REGION), REGION).find([web.id])
    raw = bytes(range(200))
    request = LaunchRequest(
        image_id=LINUX,
        token="once",
        configuration=replace(source.configuration, addresses=()),
        tags={"Name": "web"},
        devices=("/dev/xvda",),
    )
    first = machines.launch(request, b64encode(raw).decode())
    second = machines.launch(request, b64encode(raw).decode())
    seen = describe(sandbox, first)

    assert first == second != web.id
    assert [p["ClientToken"] for p in heard.parameters("RunInstances")] == ["once", "once"]
    assert attribute(sandbox, first, "userData") == b64encode(raw).decode()
    assert seen["SubnetId"] == web.subnet
    assert seen["KeyName"] == "ops"
    assert seen["Tags"] == [{"Key": "Name", "Value": "web"}]


def test_stopping_and_starting_again_change_nothing_more(
    sandbox: Sandbox, web: Machine, machines: MachineGateway
) -> None:
    """Both are asked for once more by a run that was cut off."""
    machines.stop(web.id)
    machines.stop(web.id)
    later(sandbox, minutes=5)
    stopped = describe(sandbox, web.id)["State"]["Name"]
    machines.start(web.id)
    machines.start(web.id)
    later(sandbox, minutes=5)

    assert stopped == "stopped"
    assert describe(sandbox, web.id)["State"]["Name"] == "running"


def test_an_instance_that_is_changing_is_tried_later(
    sandbox: Sandbox, web: Machine, machines: MachineGateway
) -> None:
    """A start while it stops is no failure of the rollback."""
    machines.stop(web.id)
    with pytest.raises(LaterError):
        machines.start(web.id)

    assert describe(sandbox, web.id)["State"]["Name"] == "stopping"


def test_terminating_what_is_gone_is_a_success(sandbox: Sandbox, machines: MachineGateway) -> None:
    """Whoever terminated it."""
    [victim] = launch_plain(sandbox)

    assert machines.terminate(victim) is True
    later(sandbox, minutes=5)
    assert describe(sandbox, victim)["State"]["Name"] == "terminated"
    assert machines.terminate(NOBODY) is False


@pytest.mark.parametrize(("stop", "terminate"), [(True, False), (False, True), (True, True)])
def test_protections_are_set_to_exactly_what_is_asked_for(
    sandbox: Sandbox, web: Machine, machines: MachineGateway, stop: bool, terminate: bool
) -> None:
    """And they protect."""
    machines.protect(web.id, stop=stop, terminate=terminate)

    assert attribute(sandbox, web.id, "disableApiStop") is stop
    assert attribute(sandbox, web.id, "disableApiTermination") is terminate
    if terminate:
        with pytest.raises(AwsError):
            machines.terminate(web.id)
    if stop:
        with pytest.raises(AwsError):
            machines.stop(web.id)


def test_a_stop_protection_is_lifted_and_put_back(
    sandbox: Sandbox, web: Machine, machines: MachineGateway
) -> None:
    """The termination protection stays as it was."""
    machines.protect(web.id, stop=True, terminate=True)
    machines.allow_stop(web.id, allowed=True)
    lifted = attribute(sandbox, web.id, "disableApiStop")
    machines.allow_stop(web.id, allowed=False)

    assert lifted is False
    assert attribute(sandbox, web.id, "disableApiStop") is True
    assert attribute(sandbox, web.id, "disableApiTermination") is True


def test_what_run_instances_has_no_parameter_for_is_set_afterwards(
    sandbox: Sandbox, web: Machine, machines: MachineGateway
) -> None:
    """Source/destination check, reboot migration, volumes that go with it, volume tags."""
    machines.set_source_dest_check(web.interface, checked=False)
    machines.set_maintenance(web.id, reboot_migration="disabled")
    machines.delete_volumes_at_termination(web.id, ["/dev/sdf"])
    machines.tag([web.root, web.data], {"team": "ops"})
    machines.tag([], {"team": "nobody"})
    machines.tag([web.root], {})
    seen = describe(sandbox, web.id)
    volumes = sandbox.client("ec2").describe_volumes(VolumeIds=[web.root, web.data])["Volumes"]

    assert seen["NetworkInterfaces"][0]["SourceDestCheck"] is False
    assert seen["MaintenanceOptions"]["RebootMigration"] == "disabled"
    assert {m["DeviceName"]: m["Ebs"]["DeleteOnTermination"] for m in seen["BlockDeviceMappings"]}[
        "/dev/sdf"
    ] is True
    assert [v["Tags"] for v in volumes] == [[{"Key": "team", "Value": "ops"}]] * 2


def test_attributes_default_to_unprotected() -> None:
    """What a launch sets when nothing was captured."""
    assert Attributes().shutdown_behavior == "stop"
    assert not Attributes().api_stop_disabled
