"""Planning a relaunch: which steps, in which order, with which configuration."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import pytest

from chalicelib.domain.configuration import Attributes, Configuration, UserData
from chalicelib.domain.errors import RefusedError
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.rollback.plan import RollbackPlan, Step
from chalicelib.domain.rollback.relaunch import Source, plan_relaunch
from tests.builders import (
    ADDRESS,
    CARD,
    DATA,
    GROUP,
    IMAGE,
    ROOT,
    SCRIPT,
    SNAPSHOTS,
    TARGET,
    WEB,
    configuration,
    instance,
    recovery_point,
    world,
)

SECOND = replace(ADDRESS, allocation_id="eipalloc-00000000000000002", public_ip="203.0.113.8")
OLD_SCRIPT = UserData(digest="0d" * 32, length=80)
SEALED = replace(OLD_SCRIPT, sealed="Y2lwaGVy")


def with_user_data(user_data: UserData, **changes: object) -> Configuration:
    return configuration(attributes=Attributes(user_data=user_data), **changes)


def named(plan: RollbackPlan) -> list[str]:
    return [step.name for step in plan.steps]


def step(plan: RollbackPlan, name: str) -> Step:
    return next(s for s in plan.steps if s.name == name)


@pytest.mark.parametrize(
    ("targets", "addresses", "running"),
    tuple(product((False, True), (0, 1, 2), (False, True))),
)
def test_the_steps_follow_from_what_the_machine_has(
    targets: bool, addresses: int, running: bool
) -> None:
    """Proven before anything moves, joined before the original leaves, stopped last."""
    has = (ADDRESS, SECOND)[:addresses]
    web = configuration(targets=(TARGET,) if targets else (), addresses=has)
    state = InstanceState.RUNNING if running else InstanceState.STOPPED
    plan = plan_relaunch(world(current=web, captured=web, instance=instance(state=state)))

    assert named(plan) == [
        "launch",
        "prove",
        "configure",
        *(["join-targets", "leave-targets"] if targets else []),
        *(f"move-address-{a.allocation_id}" for a in has),
        *(["stop-original"] if running else []),
        "protect",
        "adopt",
    ]
    assert plan.blockers == ()


def test_every_step_says_how_it_is_undone() -> None:
    plan = plan_relaunch(world(current=configuration(addresses=(ADDRESS, SECOND))))

    assert all(s.action and s.about and s.undo for s in plan.steps)
    assert len(set(named(plan))) == len(plan.steps)


def test_no_step_ever_terminates_the_original() -> None:
    """DESIGN rule 2: it is stopped at most."""
    plan = plan_relaunch(world())

    assert not [s for s in plan.steps if "Terminate" in s.action]
    assert "keep it" in step(plan, "stop-original").about


def test_stop_protection_is_lifted_openly_and_put_back_by_undo() -> None:
    guarded = configuration(attributes=Attributes(api_stop_disabled=True))
    stop = step(plan_relaunch(world(current=guarded, captured=guarded)), "stop-original")
    plain = step(plan_relaunch(world()), "stop-original")

    assert "ec2:ModifyInstanceAttribute" in stop.action
    assert "its stop protection is lifted" in stop.about
    assert "put its stop protection back" in stop.undo
    assert stop.params == {"stop_protection": "lifted"}
    assert plain.action == "ec2:StopInstances"
    assert "protection" not in plain.about + plain.undo
    assert plain.params == {"stop_protection": ""}


def test_F79_the_replacement_gets_the_protections_of_the_chosen_configuration() -> None:
    guarded = configuration(attributes=Attributes(api_termination_disabled=True))

    assert step(plan_relaunch(world(captured=guarded)), "protect").params == {
        "stop": "false",
        "terminate": "true",
    }


def test_the_launch_step_shows_what_will_be_launched() -> None:
    assert step(plan_relaunch(world()), "launch").params == {
        "image": IMAGE,
        "type": "t3.micro",
        "zone": "eu-west-1a",
        "subnet": CARD.subnet_id,
        "groups": ", ".join(CARD.groups),
        "key": "ops",
        "profile": "arn:aws:iam::123456789012:instance-profile/web",
        "devices": "/dev/sdf, /dev/xvda",
        "user_data": SCRIPT.digest[:12],
    }


def test_a_machine_without_an_interface_on_record_still_has_a_plan_to_read() -> None:
    bare = configuration(interfaces=())
    plan = plan_relaunch(world(current=bare, captured=bare))

    assert step(plan, "launch").params["subnet"] == ""
    assert step(plan, "launch").params["groups"] == ""
    assert "there is no subnet to launch into" in plan.blockers[0]


def test_a_router_keeps_its_source_dest_check_off() -> None:
    router = configuration(
        interfaces=(CARD, replace(CARD, device_index=1, source_dest_check=False))
    )

    assert step(plan_relaunch(world(captured=router)), "configure").params == {
        "source_dest_check_off": "1"
    }


def test_moving_steps_know_where_everything_stood() -> None:
    plan = plan_relaunch(world())

    assert step(plan, "join-targets").params == {f"{GROUP}:80": WEB}
    assert step(plan, "leave-targets").params == {f"{GROUP}:80": WEB}
    assert step(plan, f"move-address-{ADDRESS.allocation_id}").params == {
        "allocation": ADDRESS.allocation_id,
        "from_interface": CARD.interface_id,
        "from_private_ip": "10.0.0.10",
    }


def test_the_configuration_is_the_captured_one_unless_the_present_is_asked_for() -> None:
    captured = configuration(instance_type="t3.small")

    as_of = plan_relaunch(world(captured=captured))
    present = plan_relaunch(world(captured=captured, source=Source.CURRENT))

    assert as_of.configuration.instance_type == "t3.small"
    assert present.configuration.instance_type == "t3.micro"


def test_a_manifest_that_is_lost_is_said_and_the_present_used() -> None:
    plan = plan_relaunch(world(captured=None))
    asked = plan_relaunch(world(captured=None, source=Source.CURRENT))

    assert plan.configuration == asked.configuration
    assert plan.warnings[0].startswith("the configuration captured with this point is lost")
    assert plan.warnings[1:] == asked.warnings


def test_what_moves_is_always_taken_from_the_present() -> None:
    """Addresses and targets: a captured one may serve another machine by now."""
    captured = configuration(
        instance_id="i-0fedcba9876543210",
        addresses=(SECOND,),
        targets=(replace(TARGET, port=8080),),
    )
    chosen = plan_relaunch(world(captured=captured)).configuration

    assert chosen.instance_id == WEB
    assert chosen.addresses == (ADDRESS,)
    assert chosen.targets == (TARGET,)


def test_T4_a_point_does_not_bring_back_rights_that_were_taken_away() -> None:
    captured = configuration(profile_arn="arn:aws:iam::123456789012:instance-profile/admin")
    plan = plan_relaunch(world(captured=captured))

    assert plan.configuration.profile_arn == configuration().profile_arn
    assert step(plan, "launch").params["profile"] == configuration().profile_arn


def test_no_plan_carries_sealed_user_data() -> None:
    plan = plan_relaunch(world(captured=with_user_data(SEALED)))

    assert plan.configuration.attributes.user_data == OLD_SCRIPT


def test_what_could_not_be_read_at_the_backup_is_warned_of() -> None:
    """A manifest that lacks a part must not be restored as if the machine had lacked it."""
    captured = configuration(attributes=Attributes(), unreadable=("userData: Denied",))
    current = configuration(unreadable=("targets: Denied",))
    plan = plan_relaunch(world(captured=captured, current=current))

    assert "could not be read and may be missing: userData: Denied" in plan.warnings
    assert "could not be read and may be missing: targets: Denied" in plan.warnings


def test_what_could_not_be_read_twice_is_warned_of_once() -> None:
    gap = configuration(unreadable=("targets: Denied",))
    plan = plan_relaunch(world(captured=gap, current=gap))

    assert [w for w in plan.warnings if "targets" in w] == [
        "could not be read and may be missing: targets: Denied"
    ]


MANIFEST = with_user_data(SEALED).digest


@pytest.mark.parametrize(
    ("captured", "present", "source", "said"),
    [
        pytest.param(UserData(), UserData(), "none", "", id="never had any"),
        pytest.param(UserData(), SCRIPT, "none", "", id="had none then"),
        pytest.param(SCRIPT, SCRIPT, "instance", "", id="unchanged"),
        pytest.param(SEALED, OLD_SCRIPT, "instance", "", id="unchanged though sealed"),
        pytest.param(SEALED, SCRIPT, f"manifest:{MANIFEST}", "", id="changed and sealed"),
        pytest.param(SEALED, UserData(), f"manifest:{MANIFEST}", "", id="removed and sealed"),
        pytest.param(OLD_SCRIPT, SCRIPT, "instance", "has changed since", id="changed, lost"),
        pytest.param(OLD_SCRIPT, UserData(), "none", "has been removed", id="removed, lost"),
    ],
)
def test_user_data_comes_from_where_it_still_is(
    captured: UserData, present: UserData, source: str, said: str
) -> None:
    plan = plan_relaunch(world(captured=with_user_data(captured), current=with_user_data(present)))

    assert plan.user_data_from == source
    notes = [w for w in plan.warnings if "user data has" in w]
    assert [said in note for note in notes] == ([True] if said else [])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"open_rollback": "rb-1"}, "rollback rb-1 of this lineage is not finished"),
        ({"superseded": True}, "it was rolled away from already"),
        ({"missing": ("subnet-1 is gone",)}, "subnet-1 is gone"),
    ],
)
def test_what_the_catalogue_and_ec2_object_to_blocks(
    changes: Mapping[str, object], why: str
) -> None:
    [blocker] = plan_relaunch(world(**changes)).blockers

    assert blocker.startswith(why)


def test_a_blocked_plan_is_refused_with_every_blocker() -> None:
    plan = plan_relaunch(world(open_rollback="rb-1", missing=("a is gone", "b is gone")))

    with pytest.raises(RefusedError) as caught:
        plan.raise_if_blocked()
    assert caught.value.message == (
        f"{WEB} can not be rolled back to {IMAGE}: "
        "rollback rb-1 of this lineage is not finished; a is gone; b is gone"
    )
    assert "nothing was changed" in caught.value.hint

    plan_relaunch(world()).raise_if_blocked()


def test_the_same_world_gives_the_same_digest() -> None:
    assert plan_relaunch(world()).digest == plan_relaunch(world()).digest
    assert len(plan_relaunch(world()).digest) == 12


def test_the_digest_does_not_depend_on_how_often_a_secret_was_sealed() -> None:
    """The ciphertext differs each time, the plan does not."""
    one, other = (with_user_data(replace(OLD_SCRIPT, sealed=s)) for s in ("YQ==", "Yg=="))

    assert plan_relaunch(world(captured=one)).digest == plan_relaunch(world(captured=other)).digest


@pytest.mark.parametrize(
    "changes",
    [
        {"point": recovery_point(image_id="ami-0fedcba9876543210")},
        {"point": recovery_point(snapshots=SNAPSHOTS[:1])},
        {"captured": configuration(instance_type="t3.small")},
        {"captured": with_user_data(OLD_SCRIPT)},
        {"captured": configuration(tags={"Name": "web2"})},
        {"current": configuration(addresses=())},
        {"current": configuration(targets=())},
        {"instance": instance(state=InstanceState.STOPPED)},
        {"instance": instance(managed_by="eks.amazonaws.com")},
        {"lineage": "i-0fedcba9876543210"},
        {"open_rollback": "rb-1"},
        {"superseded": True},
        {"missing": ("subnet-1 is gone",)},
    ],
)
def test_another_world_gives_another_digest(changes: Mapping[str, object]) -> None:
    assert plan_relaunch(world(**changes)).digest != plan_relaunch(world()).digest


def test_only_the_plan_that_was_read_is_applied() -> None:
    plan = plan_relaunch(world())
    plan.raise_unless_reviewed(plan.digest)

    with pytest.raises(RefusedError) as caught:
        plan.raise_unless_reviewed("000000000000")
    assert caught.value.message == (
        f"the plan reviewed was 000000000000, but the world now gives {plan.digest}"
    )


def test_the_plan_prints_the_keys_that_the_design_promises() -> None:
    printed = plan_relaunch(world(missing=("subnet-1 is gone",))).as_json()

    assert {"digest", "mode", "steps", "blockers", "warnings", "fidelity"} <= set(printed)
    assert printed["mode"] == "relaunch"
    assert printed["blockers"] == ["subnet-1 is gone"]
    steps, fidelity = printed["steps"], printed["fidelity"]
    assert isinstance(steps, list)
    assert isinstance(fidelity, list)
    assert set(steps[0]) == {"name", "action", "about", "undo", "interruption", "params"}
    assert set(fidelity[0]) == {"property", "fate", "value", "why", "observed"}


def test_only_devices_with_a_snapshot_are_launched() -> None:
    plan = plan_relaunch(world(point=recovery_point(snapshots=SNAPSHOTS[:1])))

    assert plan.devices == (ROOT.device,)
    assert any(DATA.volume_id in w and "stays with the original" in w for w in plan.warnings)
