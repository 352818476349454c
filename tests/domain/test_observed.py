"""Small values that say what EC2 and elbv2 told: instances, health, targets, snapshots."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

import pytest

from chalicelib.domain.health import InstanceHealth
from chalicelib.domain.image import SnapshotState
from chalicelib.domain.target_group import TargetHealth
from tests.builders import WEB, configuration, instance


@pytest.mark.parametrize(
    ("system", "machine", "volumes", "passed"),
    [
        ("ok", "ok", "ok", True),
        ("impaired", "ok", "ok", False),
        ("ok", "impaired", "ok", False),
        ("ok", "ok", "impaired", False),
        ("initializing", "initializing", "ok", False),
        ("ok", "insufficient-data", "ok", False),
        ("not-applicable", "not-applicable", "ok", False),
    ],
)
def test_F85_only_three_checks_that_are_ok_are_a_pass(
    system: str, machine: str, volumes: str, passed: bool
) -> None:
    health = InstanceHealth(system, machine, volumes)

    assert health.passed is passed
    assert str(health) == f"system {system}, instance {machine}, volumes {volumes}"


def test_F85_nothing_known_is_no_pass() -> None:
    assert not InstanceHealth().passed


@pytest.mark.parametrize(
    ("state", "reason", "serves"),
    [
        ("healthy", "", True),
        ("unused", "Target.NotInUse", True),
        ("unused", "Target.NotRegistered", False),
        ("unused", "Target.InvalidState", False),
        ("initial", "Elb.RegistrationInProgress", False),
        ("unhealthy", "Target.FailedHealthChecks", False),
        ("unhealthy", "Target.NotInUse", False),
        ("draining", "Target.DeregistrationInProgress", False),
        ("unavailable", "Target.HealthCheckDisabled", False),
    ],
)
def test_F76_a_target_serves_when_traffic_reaches_it_or_would(
    state: str, reason: str, serves: bool
) -> None:
    assert TargetHealth(state, reason).serves is serves


@pytest.mark.parametrize("state", ["pending", "error", "recoverable", "recovering"])
def test_only_a_completed_snapshot_is_complete(state: str) -> None:
    assert SnapshotState("snap-1", "completed").is_complete
    assert not SnapshotState("snap-1", state).is_complete


def test_an_instance_is_called_by_its_id_and_its_name_if_it_has_one() -> None:
    assert instance().label == f"{WEB} (web)"
    assert instance(configuration=configuration(tags={})).label == WEB


def test_an_instances_tags_are_those_of_its_configuration() -> None:
    tags = instance().tags
    tags["team"] = "changed"

    assert instance().tags["team"] == "shop"
