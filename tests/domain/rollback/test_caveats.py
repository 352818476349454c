"""What blocks a relaunch, and what an operator is told before it."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from collections.abc import Mapping
from dataclasses import replace

import pytest

from chalicelib.domain.configuration import Configuration, Placement
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.domain.rollback.caveats import blockers_of, warnings_of
from tests.builders import (
    CARD,
    DATA,
    SNAPSHOTS,
    TARGET,
    WEB,
    configuration,
    instance,
    recovery_point,
)


def blockers(changes: Mapping[str, object], chosen: Configuration) -> tuple[str, ...]:
    return blockers_of(instance(**changes), chosen, open_rollback="", superseded=False, missing=())


def warnings(
    chosen: Configuration,
    current: Configuration | None = None,
    point: RecoveryPoint | None = None,
) -> tuple[str, ...]:
    return warnings_of(instance(), current or chosen, point or recovery_point(), chosen)


@pytest.mark.parametrize("state", [InstanceState.RUNNING, InstanceState.STOPPED])
def test_nothing_blocks_an_ordinary_machine(state: InstanceState) -> None:
    assert blockers({"state": state}, configuration()) == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": InstanceState.PENDING}, "it is pending: wait until"),
        ({"state": InstanceState.STOPPING}, "it is stopping: wait until"),
        ({"state": InstanceState.SHUTTING_DOWN}, "it is shutting-down: this version"),
        ({"state": InstanceState.TERMINATED}, "it is terminated: this version"),
        ({"managed_by": "eks.amazonaws.com"}, "it is managed by eks.amazonaws.com"),
    ],
)
def test_the_instance_as_it_is_now_may_block(changes: Mapping[str, object], why: str) -> None:
    [blocker] = blockers(changes, configuration())

    assert blocker.startswith(why)


def test_F69_a_member_of_an_auto_scaling_group_is_refused() -> None:
    [blocker] = blockers({"scaling_group": "shop-web"}, configuration())

    assert "member of the Auto Scaling group shop-web" in blocker


@pytest.mark.parametrize("lifecycle", ["spot", "scheduled"])
def test_F21_an_instance_that_can_not_be_stopped_and_kept_is_refused(lifecycle: str) -> None:
    [blocker] = blockers({}, configuration(lifecycle=lifecycle))

    assert blocker.startswith(f"it is a {lifecycle} instance")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"root_device_type": "instance-store"}, "its root is an instance store"),
        ({"interfaces": ()}, "it has no network interface on record"),
        ({"placement": Placement(zone="")}, "its availability zone is not on record"),
    ],
)
def test_F16_a_configuration_that_can_not_be_launched_blocks(
    changes: Mapping[str, object], why: str
) -> None:
    [blocker] = blockers({}, configuration(**changes))

    assert blocker.startswith(why)


def test_all_blockers_are_told_at_once_history_first() -> None:
    found = blockers_of(
        instance(state=InstanceState.TERMINATED, scaling_group="shop-web"),
        configuration(lifecycle="spot", interfaces=()),
        open_rollback="rb-1",
        superseded=True,
        missing=("subnet-1 is gone",),
    )

    assert len(found) == 7
    assert found[0].startswith("rollback rb-1")
    assert found[-1] == "subnet-1 is gone"


def test_F78_the_identity_that_changes_is_always_told() -> None:
    two = configuration(
        interfaces=(CARD, replace(CARD, device_index=1, private_ips=("10.0.0.11",)))
    )

    assert "private address (10.0.0.10, 10.0.0.11) change" in warnings(two)[0]
    assert "private address (none) change" in warnings(configuration(interfaces=()))[0]


def test_addresses_that_ec2_gave_are_told_to_be_lost() -> None:
    card = replace(CARD, auto_public_ip="198.51.100.7", ipv6=("2001:db8::1", "2001:db8::2"))
    told = " ".join(warnings(configuration(interfaces=(card,))))

    assert "198.51.100.7 belongs to EC2's pool and is lost" in told
    assert "2001:db8::1, 2001:db8::2 change" in told
    assert "IPv6" not in " ".join(warnings(configuration()))


@pytest.mark.parametrize(
    ("target_id", "told"), [(WEB, True), ("10.0.0.10", True), ("10.9.9.9", False)]
)
def test_serving_twice_for_a_moment_is_told(target_id: str, told: bool) -> None:
    both = warnings(configuration(targets=(replace(TARGET, target_id=target_id),)))

    assert any("both take traffic" in w for w in both) is told


def test_what_was_written_since_is_told_to_the_minute() -> None:
    assert any(
        w.startswith("what was written since 2026-11-23 03:00Z") for w in warnings(configuration())
    )


def test_a_volume_that_the_point_does_not_hold_is_told() -> None:
    root_only = recovery_point(snapshots=SNAPSHOTS[:1])
    told = warnings(configuration(), point=root_only)

    assert [w for w in told if "is not in the recovery point" in w] == [
        f"the volume {DATA.volume_id} at /dev/sdf is not in the recovery point: "
        "it stays with the original"
    ]
    assert not [w for w in warnings(configuration()) if "is not in the recovery point" in w]


def test_every_property_that_goes_back_is_told_with_both_values() -> None:
    then = configuration(instance_type="t3.small", disks=(DATA,), key_name="")
    told = [w for w in warnings(then, current=configuration()) if "goes back to" in w]

    assert told[0] == (
        "instance type is now t3.micro and goes back to t3.small "
        "(--config current keeps the present)"
    )
    assert told[1].startswith("key pair is now ops and goes back to absent")
    assert told[2].startswith("volume /dev/xvda is now 8 GiB gp3")
    assert len(told) == 3


def test_no_drift_is_no_warning() -> None:
    assert not [w for w in warnings(configuration()) if "goes back to" in w]


def test_parts_that_could_not_be_read_are_told() -> None:
    assert "could not be read and may be missing: userData: Denied" in warnings(
        configuration(unreadable=("userData: Denied",))
    )
