"""The rules that jobs rely on, held against the fake cloud and the gateways over the sandbox."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.configuration import Configuration
from chalicelib.domain.errors import (
    AwsError,
    ConflictError,
    DeniedError,
    InUseError,
    LaterError,
    MissingError,
    NameTakenError,
    NotFoundError,
)
from chalicelib.domain.image import DeleteCode, ImageRequest
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.launch import LaunchRequest
from chalicelib.domain.point_tags import PointTags, build_tags
from chalicelib.domain.records import (
    InstanceRecord,
    PointRecord,
    RegionMemory,
    RetainChange,
    Role,
    Stage,
)
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, Snapshot, State
from chalicelib.domain.rollback.journal import Journal, RollbackState, StepRecord, StepState
from tests.fakes.cloud import DEPLOYMENT, NOON
from tests.jobs.labs import HOME, FakeLab, Lab, SandboxLab

NOBODY = "i-0123456789abcdef0"
NOTHING = "ami-0123456789abcdef0"


@pytest.fixture(params=["fake", "sandbox"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    if request.param == "fake":
        yield FakeLab()
        return
    with SandboxLab.open() as opened:
        yield opened


def tags_of(instance: str) -> dict[str, str]:
    tags, _ = build_tags(
        PointTags(
            deployment=DEPLOYMENT,
            lineage=instance,
            instance_id=instance,
            kind=Kind.SCHEDULED,
            at=NOON,
            plans=("daily",),
            retain="last=2",
            manifest="0" * 32,
        ),
        {},
    )
    return tags


def asked(instance: str, key: str = "20261123T1200Z") -> ImageRequest:
    return ImageRequest(
        instance_id=instance,
        name=f"snapback/{instance}/scheduled/{key}",
        description="a point",
        tags=tags_of(instance),
    )


def taken(lab: Lab, instance: str) -> RecoveryPoint:
    """A point whose image is available by now."""
    lab.region.images.create(asked(instance))
    lab.wait(minutes=10)
    [point] = lab.region.images.points()
    return point


def whole(lab: Lab, instance: str) -> Configuration:
    [found] = lab.region.instances.find([instance])
    return lab.region.configurations.describe([found])[instance]


def relaunch(lab: Lab, instance: str, image: str) -> LaunchRequest:
    return LaunchRequest(
        image_id=image,
        token="token-1",
        configuration=whole(lab, instance),
        tags={"Name": "web again"},
        devices=("/dev/sdf", "/dev/xvda"),
    )


def now(lab: Lab, instance: str) -> Instance:
    [found] = lab.region.instances.find([instance])
    return found


# Instances.


def test_instances_are_found_by_tag_and_by_id_and_absent_ones_are_no_error(lab: Lab) -> None:
    web = lab.machine({"snapback:plan": "daily"})
    db = lab.machine({})

    assert [i.instance_id for i in lab.region.instances.tagged("snapback:plan")] == [web]
    found = lab.region.instances.find([db, NOBODY, web])
    assert {i.instance_id for i in found} == {web, db}
    assert {i.state for i in found} == {InstanceState.RUNNING}


def test_F17_a_key_in_another_case_resembles_the_plan_tag(lab: Lab) -> None:
    slip = lab.machine({"Snapback:Plan": "daily"})
    lab.machine({"team": "shop"})

    found = lab.region.instances.resembling("snapback:plan")

    assert [i.instance_id for i in found] == [slip]


def test_a_describe_tells_ids_of_volumes_only_and_a_capture_the_rest(lab: Lab) -> None:
    web = lab.machine({})

    bare, full = now(lab, web).configuration, whole(lab, web)

    assert sorted(d.device for d in bare.disks) == ["/dev/sdf", "/dev/xvda"]
    assert {d.size_gib for d in bare.disks} == {0}
    assert all(d.size_gib for d in full.disks)
    assert [d.volume_id for d in full.disks] == [d.volume_id for d in bare.disks]


def test_attributes_tell_user_data_by_digest(lab: Lab) -> None:
    web, db = lab.machine({}), lab.machine({})

    told, unreadable = lab.region.configurations.attributes(web, "lineage-1")
    same, _ = lab.region.configurations.attributes(db, "lineage-1")
    other, _ = lab.region.configurations.attributes(db, "lineage-2")

    secret = lab.region.configurations.user_data(web)
    assert (told.user_data.length, unreadable) == (len(secret), ())
    assert told.user_data.digest == same.user_data.digest != other.user_data.digest
    assert (told.api_stop_disabled, told.api_termination_disabled) == (False, False)


def test_the_users_of_an_image_are_those_that_are_not_terminated(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)
    twin = lab.region.machines.launch(relaunch(lab, web, point.image_id), "")
    lab.wait(minutes=5)

    used = lab.region.instances.using_images([point.image_id, NOTHING])
    lab.kill(twin)

    assert used == {point.image_id: (twin,)}
    assert lab.region.instances.using_images([point.image_id]) == {}


def test_a_stop_and_a_start_take_their_time_and_may_be_repeated(lab: Lab) -> None:
    web = lab.machine({})

    lab.region.machines.stop(web)
    lab.region.machines.stop(web)
    stopping = now(lab, web).state
    lab.wait(minutes=5)
    lab.region.machines.stop(web)
    stopped = now(lab, web).state
    lab.region.machines.start(web)
    lab.region.machines.start(web)
    starting = now(lab, web).state
    lab.wait(minutes=5)

    assert [stopping, stopped, starting, now(lab, web).state] == [
        InstanceState.STOPPING,
        InstanceState.STOPPED,
        InstanceState.PENDING,
        InstanceState.RUNNING,
    ]


def test_one_that_is_stopping_can_not_be_started_yet(lab: Lab) -> None:
    web = lab.machine({})
    lab.region.machines.stop(web)

    with pytest.raises(LaterError):
        lab.region.machines.start(web)


def test_a_protected_machine_is_neither_stopped_nor_terminated(lab: Lab) -> None:
    web = lab.machine({})
    lab.region.machines.protect(web, stop=True, terminate=True)

    with pytest.raises(AwsError, match="OperationNotPermitted"):
        lab.region.machines.stop(web)
    with pytest.raises(AwsError, match="OperationNotPermitted"):
        lab.region.machines.terminate(web)
    lab.region.machines.allow_stop(web, allowed=True)
    lab.region.machines.stop(web)

    told, _ = lab.region.configurations.attributes(web, web)
    assert (told.api_stop_disabled, told.api_termination_disabled) == (False, True)
    assert now(lab, web).state is InstanceState.STOPPING


def test_termination_takes_its_time_and_twice_is_once(lab: Lab) -> None:
    web = lab.machine({})

    first = lab.region.machines.terminate(web)
    going = now(lab, web).state
    lab.wait(minutes=5)
    second = lab.region.machines.terminate(web)

    ended = now(lab, web)
    assert (first, going, second) == (True, InstanceState.SHUTTING_DOWN, True)
    assert (ended.state, ended.configuration.interfaces) == (InstanceState.TERMINATED, ())
    assert lab.region.machines.terminate(NOBODY) is False


def test_status_checks_are_ok_some_time_after_the_start(lab: Lab) -> None:
    web = lab.machine({})
    before = lab.region.machines.health(web)
    lab.region.machines.stop(web)
    lab.wait(minutes=5)
    stopped = lab.region.machines.health(web)
    lab.region.machines.start(web)
    starting = lab.region.machines.health(web)
    lab.wait(minutes=5)

    assert before.passed
    assert not stopped.passed
    assert not starting.passed
    assert lab.region.machines.health(web).passed
    assert not lab.region.machines.health(NOBODY).passed


# Images.


def test_a_point_is_pending_then_available_and_bears_its_tags(lab: Lab) -> None:
    web = lab.machine({})
    image = lab.region.images.create(asked(web))

    [fresh] = lab.region.images.points()
    states = lab.region.images.snapshot_states([s.snapshot_id for s in fresh.snapshots])
    lab.wait(minutes=10)
    [ready] = lab.region.images.points()
    done = lab.region.images.snapshot_states([s.snapshot_id for s in ready.snapshots])

    assert (fresh.image_id, fresh.state, fresh.is_available) == (image, State.PENDING, False)
    assert {s.state for s in states.values()} == {"pending"}
    assert (ready.is_available, ready.problems) == (True, ())
    assert sorted(s.device for s in ready.snapshots) == ["/dev/sdf", "/dev/xvda"]
    assert all(s.is_complete for s in done.values())
    assert len(done) == 2
    assert (ready.lineage, ready.retain, ready.plans, ready.at) == (
        web,
        "last=2",
        ("daily",),
        NOON,
    )


def test_F01_a_second_image_of_the_name_is_refused_in_every_state(lab: Lab) -> None:
    web = lab.machine({})
    first = lab.region.images.create(asked(web))

    for _ in range(2):
        with pytest.raises(NameTakenError):
            lab.region.images.create(asked(web))
        lab.wait(minutes=10)
    lab.region.images.disable(first)
    with pytest.raises(NameTakenError):
        lab.region.images.create(asked(web))

    found = lab.region.images.by_name(asked(web).name)
    assert found is not None
    assert found.image_id == first
    assert lab.region.images.by_name("snapback/none") is None


def test_a_name_is_free_again_after_deregistration(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)
    lab.region.images.deregister(point.image_id)

    assert lab.region.images.create(asked(web)) != point.image_id


def test_an_excluded_device_has_no_snapshot(lab: Lab) -> None:
    web = lab.machine({})

    lab.region.images.create(replace(asked(web), excluded=("/dev/sdf",)))

    [point] = lab.region.images.points()
    assert [s.device for s in point.snapshots] == ["/dev/xvda"]


@pytest.mark.parametrize("state", ["stopping", "terminated"])
def test_F15_only_a_running_or_stopped_machine_is_imaged(lab: Lab, state: str) -> None:
    web = lab.machine({})
    if state == "stopping":
        lab.region.machines.stop(web)
    else:
        lab.kill(web)

    with pytest.raises(AwsError):
        lab.region.images.create(asked(web))

    assert lab.region.images.points() == ()


def test_F07_an_image_that_ec2_fails_keeps_its_name(lab: Lab) -> None:
    web = lab.machine({})
    lab.next_image_fails()

    lab.region.images.create(asked(web))
    lab.wait(minutes=10)

    [point] = lab.region.images.points()
    assert (point.state, point.is_available) == (State.FAILED, False)
    with pytest.raises(NameTakenError):
        lab.region.images.create(asked(web))


def test_points_of_another_deployment_are_not_listed_but_found_by_name(lab: Lab) -> None:
    web = lab.machine({})
    tags = {**tags_of(web), "snapback:managed-by": "snapback/other"}
    lab.region.images.create(replace(asked(web), tags=tags))

    found = lab.region.images.by_name(asked(web).name)

    assert lab.region.images.points() == ()
    assert found is not None
    assert "is not that of the deployment" in found.problems[0]


def test_F48_a_disabled_point_is_still_listed_and_can_be_enabled(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)

    assert lab.region.images.disable(point.image_id)
    [disabled] = lab.region.images.points()
    with pytest.raises(LaterError):
        lab.region.images.disable(point.image_id)
    lab.region.images.enable(point.image_id)
    [enabled] = lab.region.images.points()
    with pytest.raises(LaterError):
        lab.region.images.enable(point.image_id)

    assert (disabled.state, disabled.is_available) == (State.DISABLED, False)
    assert enabled.is_available


def test_F83_nothing_is_launched_from_a_disabled_or_deregistered_image(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)
    lab.region.images.disable(point.image_id)

    with pytest.raises(AwsError):
        lab.region.machines.launch(relaunch(lab, web, point.image_id), "")
    lab.region.images.deregister(point.image_id)
    with pytest.raises(AwsError):
        lab.region.machines.launch(relaunch(lab, web, point.image_id), "")

    assert lab.region.instances.launched_with("token-1") is None


def test_deregistration_takes_the_snapshots_along_and_twice_is_once(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)
    ids = [s.snapshot_id for s in point.snapshots]
    lab.region.images.disable(point.image_id)

    codes = lab.region.images.deregister(point.image_id)
    again = lab.region.images.deregister(point.image_id)

    assert codes == dict.fromkeys(ids, DeleteCode.SUCCESS)
    assert again is None
    assert lab.region.images.disable(point.image_id) is False
    assert lab.region.images.points() == ()
    assert lab.region.images.snapshot_states(ids) == {}
    assert [lab.region.images.delete_snapshot(s) for s in ids] == [False, False]


def test_F50_a_snapshot_that_another_image_uses_is_skipped_and_protected(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)
    root = next(s.snapshot_id for s in point.snapshots if s.device == "/dev/xvda")
    golden = lab.other_image(root)

    using = lab.region.images.images_using([root])
    codes = lab.region.images.deregister(point.image_id)
    with pytest.raises(InUseError):
        lab.region.images.delete_snapshot(root)
    lab.drop_image(golden)

    assert set(using[root]) == {point.image_id, golden}
    assert codes is not None
    assert codes[root] is DeleteCode.SKIPPED
    assert lab.region.images.images_using([root]) == {}
    assert lab.region.images.delete_snapshot(root) is True


def test_an_images_own_root_snapshot_can_not_be_deleted_under_it(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)
    root = next(s.snapshot_id for s in point.snapshots if s.device == "/dev/xvda")

    with pytest.raises(InUseError):
        lab.region.images.delete_snapshot(root)


def test_tags_come_and_go_on_images_and_one_that_is_gone_is_missing(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)

    lab.region.images.tag([point.image_id], {"snapback:hold": "forever"})
    [held] = lab.region.images.points()
    lab.region.images.untag([point.image_id], ["snapback:hold", "no-such-key"])
    [released] = lab.region.images.points()
    with pytest.raises(MissingError):
        lab.region.images.tag([NOTHING], {"a": "b"})

    assert (held.hold, released.hold) == ("forever", "")


def test_references_of_an_image_that_nobody_uses_are_none(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)

    assert lab.region.images.references([point.image_id]) == {}


def test_locks_shares_and_launchers_are_told(lab: Lab) -> None:
    point = taken(lab, lab.machine({}))
    images = lab.region.images
    root, data = sorted(point.snapshots, key=lambda s: s.device, reverse=True)
    ids = [root.snapshot_id, data.snapshot_id]
    nothing = images.locked_snapshots(), images.shared_with(point.image_id, ids)
    lab.lock(root.snapshot_id)
    lab.share(data.snapshot_id, "111122223333")
    lab.configure(point.image_id)

    assert nothing == (frozenset(), ())
    assert images.locked_snapshots() == {root.snapshot_id}
    assert images.shared_with(point.image_id, ids) == ("111122223333",)
    assert lab.region.launchers.images() == {point.image_id: ("launch configuration web",)}
    with pytest.raises(AwsError):
        images.delete_snapshot(root.snapshot_id)
    assert images.deregister(point.image_id) is not None


def test_our_snapshots_say_what_they_were_made_for(lab: Lab) -> None:
    point = taken(lab, lab.machine({}))

    marked = lab.region.images.marked_snapshots()

    assert {s.snapshot_id for s in marked} == {s.snapshot_id for s in point.snapshots}
    assert {s.made_for for s in marked} == {point.image_id}
    assert {s.state for s in marked} == {"completed"}
    assert all(s.tags["snapback:lineage"] == point.lineage for s in marked)
    assert {s.device: s.size_gib > 0 for s in point.snapshots} == {
        "/dev/sdf": True, "/dev/xvda": True,
    }  # fmt: skip


# Launches.


def test_F81_a_token_launches_one_instance_however_often(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)
    wanted = relaunch(lab, web, point.image_id)

    first = lab.region.machines.launch(wanted, "")
    lab.wait(minutes=1)
    second = lab.region.machines.launch(wanted, "")

    found = lab.region.instances.launched_with("token-1")
    assert first == second != web
    assert found is not None
    assert found.instance_id == first
    assert lab.region.instances.launched_with("token-2") is None


def test_F81_a_token_with_another_request_is_refused(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)
    wanted = relaunch(lab, web, point.image_id)
    lab.region.machines.launch(wanted, "")

    with pytest.raises(AwsError, match="IdempotentParameterMismatch"):
        lab.region.machines.launch(replace(wanted, tags={"Name": "other"}), "")


def test_a_replacement_has_its_own_identity_and_the_originals_configuration(lab: Lab) -> None:
    web = lab.machine({"team": "shop"})
    point = taken(lab, web)

    made = lab.region.machines.launch(relaunch(lab, web, point.image_id), "")
    pending = now(lab, made).state
    lab.wait(minutes=5)

    old, new = whole(lab, web), whole(lab, made)
    assert (pending, now(lab, made).state) == (InstanceState.PENDING, InstanceState.RUNNING)
    assert lab.region.machines.health(made).passed
    assert (new.image_id, new.instance_type) == (point.image_id, old.instance_type)
    assert dict(new.tags) == {"Name": "web again"}
    assert [(d.device, d.size_gib) for d in new.disks] == [
        (d.device, d.size_gib) for d in old.disks
    ]
    assert new.interfaces[0].subnet_id == old.interfaces[0].subnet_id
    assert new.interfaces[0].groups == old.interfaces[0].groups
    assert not {d.volume_id for d in new.disks} & {d.volume_id for d in old.disks}
    assert new.interfaces[0].interface_id != old.interfaces[0].interface_id
    assert new.interfaces[0].private_ips != old.interfaces[0].private_ips


def test_a_replacement_that_goes_leaves_no_volumes_once_told_so(lab: Lab) -> None:
    web = lab.machine({})
    point = taken(lab, web)
    made = lab.region.machines.launch(relaunch(lab, web, point.image_id), "")
    lab.wait(minutes=5)

    lab.region.machines.delete_volumes_at_termination(made, ["/dev/sdf", "/dev/xvda"])
    flags = {d.delete_on_termination for d in now(lab, made).configuration.disks}
    lab.region.machines.terminate(made)
    lab.wait(minutes=5)

    assert flags == {True}
    assert now(lab, made).configuration.disks == ()


def test_volumes_are_tagged_and_the_source_dest_check_is_set(lab: Lab) -> None:
    web = lab.machine({})
    before = whole(lab, web)

    lab.region.machines.tag([before.disks[0].volume_id], {"team": "shop"})
    lab.region.machines.set_source_dest_check(before.interfaces[0].interface_id, checked=False)

    after = whole(lab, web)
    assert after.disks[0].tags["team"] == "shop"
    assert (before.interfaces[0].source_dest_check, after.interfaces[0].source_dest_check) == (
        True,
        False,
    )


# Addresses.


def test_F73_an_address_is_only_taken_when_it_stands_nowhere(lab: Lab) -> None:
    web, db = lab.machine({}), lab.machine({})
    allocation = lab.address(web)
    there = whole(lab, db).interfaces[0]

    with pytest.raises(AwsError, match=r"Resource\.AlreadyAssociated"):
        lab.region.addresses.associate(allocation, there.interface_id, there.private_ips[0])
    before = lab.region.addresses.find(allocation)
    assert before is not None
    off = lab.region.addresses.disassociate(before.association_id)
    nowhere = lab.region.addresses.find(allocation)
    lab.region.addresses.associate(allocation, there.interface_id, there.private_ips[0])
    after = lab.region.addresses.find(allocation)

    assert [a.allocation_id for a in whole(lab, db).addresses] == [allocation]
    assert off
    assert nowhere is not None
    assert (nowhere.association_id, nowhere.interface_id) == ("", "")
    assert after is not None
    assert (after.interface_id, after.private_ip) == (there.interface_id, there.private_ips[0])
    assert lab.region.addresses.disassociate(before.association_id) is False
    assert lab.region.addresses.find("eipalloc-0123456789abcdef0") is None


def test_F74_an_address_comes_off_an_instance_that_terminates(lab: Lab) -> None:
    web = lab.machine({})
    allocation = lab.address(web)
    place = whole(lab, web).interfaces[0]

    lab.kill(web)

    found = lab.region.addresses.find(allocation)
    assert found is not None
    assert (found.association_id, found.interface_id) == ("", "")
    with pytest.raises(AwsError):
        lab.region.addresses.associate(allocation, place.interface_id, place.private_ips[0])


def test_an_address_stays_on_an_instance_that_stops(lab: Lab) -> None:
    web = lab.machine({})
    allocation = lab.address(web)

    lab.region.machines.stop(web)
    lab.wait(minutes=5)

    found = lab.region.addresses.find(allocation)
    assert found is not None
    assert found.interface_id == now(lab, web).configuration.interfaces[0].interface_id


# Target groups.


def test_a_target_turns_healthy_drains_and_is_gone(lab: Lab) -> None:
    """F76: and one that is registered again while it drains starts over."""
    web, db = lab.machine({}), lab.machine({})
    target = lab.group(web)
    other = replace(target, target_id=db)

    absent = lab.region.targets.health([other])
    lab.region.targets.register(other)
    lab.region.targets.register(other)
    fresh = lab.region.targets.health([target, other])
    lab.wait(minutes=1)
    healthy = lab.region.targets.health([other])
    lab.region.targets.deregister(other)
    lab.region.targets.deregister(other)
    draining = lab.region.targets.health([other])
    lab.wait(minutes=6)

    assert absent == {}
    assert (fresh[target].serves, fresh[other].serves) == (True, False)
    assert fresh[other].state == "initial"
    assert healthy[other].state == "healthy"
    assert draining[other].state == "draining"
    assert lab.region.targets.health([other]) == {}
    assert whole(lab, web).targets == (target,)
    assert whole(lab, db).targets == ()


def test_F76_a_draining_target_that_is_registered_again_starts_over(lab: Lab) -> None:
    target = lab.group(lab.machine({}))
    lab.region.targets.deregister(target)

    lab.region.targets.register(target)
    again = lab.region.targets.health([target])
    lab.wait(minutes=6)

    assert again[target].state == "initial"
    assert lab.region.targets.health([target])[target].state == "healthy"


def test_a_stopped_target_does_not_serve_and_leaves_at_once(lab: Lab) -> None:
    web = lab.machine({})
    target = lab.group(web)
    lab.region.machines.stop(web)
    lab.wait(minutes=5)

    stopped = lab.region.targets.health([target])[target]
    lab.region.targets.deregister(target)

    assert (stopped.state, stopped.serves) == ("unused", False)
    assert lab.region.targets.health([target]) == {}
    with pytest.raises(AwsError):
        lab.region.targets.register(target)


def test_a_target_group_that_is_gone_has_no_targets_and_takes_none(lab: Lab) -> None:
    target = lab.group(lab.machine({}))
    lab.drop_group(target)

    assert lab.region.targets.health([target]) == {}
    assert lab.region.targets.deregister(target) is False
    with pytest.raises(MissingError):
        lab.region.targets.register(target)


# Errors.


@pytest.mark.parametrize(
    ("kind", "error"), [("deny", DeniedError), ("throttle", LaterError), ("lost", LaterError)]
)
def test_errors_come_in_kinds_and_a_lost_answer_is_no_refusal(
    lab: Lab, kind: str, error: type[AwsError]
) -> None:
    web = lab.machine({})
    lab.go_wrong("images.create", kind)

    with pytest.raises(error):
        lab.region.images.create(asked(web))

    assert len(lab.region.images.points()) == (1 if kind == "lost" else 0)


# The catalogue.


def record(stage: Stage = Stage.TAKEN) -> PointRecord:
    return PointRecord(
        name=f"snapback/{NOBODY}/scheduled/20261123T1200Z",
        region=HOME,
        lineage=NOBODY,
        instance_id=NOBODY,
        kind=Kind.SCHEDULED,
        at=NOON,
        retain="last=2",
        stage=stage,
        image_id=NOTHING,
        snapshots=(Snapshot(snapshot_id="snap-1", device="/dev/xvda"),),
        quarantined_at=NOON + timedelta(seconds=1),
    )


def journal(lab: Lab, name: str = "rb-1") -> Journal:
    return Journal(
        id=name,
        region=HOME,
        lineage=NOBODY,
        instance_id=NOBODY,
        image_id=NOTHING,
        mode="relaunch",
        digest="d",
        configuration=whole(lab, lab.machine({})),
        user_data_from="none",
        devices=("/dev/xvda",),
        state=RollbackState.RUNNING,
        steps=(
            StepRecord(
                name="launch",
                action="a",
                about="b",
                undo="c",
                state=StepState.BEGUN,
                began_at=NOON,
                facts={"replacement": "i-1"},
            ),
        ),
        created_at=NOON,
        updated_at=NOON,
    )


def test_rows_come_back_as_they_were_and_are_forgotten(lab: Lab) -> None:
    row = record()
    lab.catalogue.put_points([row])
    lab.catalogue.put_points([])
    there, elsewhere = lab.catalogue.points(HOME), lab.catalogue.points("eu-west-1")
    lab.catalogue.put_points([replace(row, stage=Stage.SETTLED)])
    changed = lab.catalogue.points(HOME)[row.name].stage
    lab.catalogue.forget_points([row])
    lab.catalogue.forget_points([row])

    assert (there, elsewhere) == ({row.name: row}, {})
    assert changed is Stage.SETTLED
    assert lab.catalogue.points(HOME) == {}


def test_what_expiry_remembers_comes_back_as_it_was(lab: Lab) -> None:
    memory = RegionMemory(region=HOME, at=NOON, tagged=3, in_use=("ami-1",), swept_at=NOON)
    change = RetainChange(
        name="n", region=HOME, image_id="ami-1", lineage="l", at=NOON, by="me",
        before="last=9", after="last=1",
    )  # fmt: skip
    row = record()
    nothing = lab.catalogue.memory(HOME), lab.catalogue.retain_changes(HOME)
    lab.catalogue.put_memory(memory)
    lab.catalogue.put_retain_changes([change])
    lab.catalogue.put_points([row, replace(row, name=f"x{row.name}")])

    assert nothing == (None, ())
    assert lab.catalogue.memory(HOME) == memory
    assert lab.catalogue.retain_changes(HOME) == (change,)
    assert lab.catalogue.points_named(HOME, row.name[:12]) == {row.name: row}


def test_manifests_and_instances_come_back_as_they_were(lab: Lab) -> None:
    captured = whole(lab, lab.machine({"team": "shop"}))
    known = InstanceRecord(
        instance_id=NOBODY, region=HOME, lineage="l", role=Role.SUPERSEDED, read_at=NOON
    )

    lab.catalogue.put_manifests([("l", captured)])
    lab.catalogue.put_instances([known])

    assert lab.catalogue.manifest("l", captured.digest) == captured
    assert lab.catalogue.manifest("other", captured.digest) is None
    assert lab.catalogue.instances(HOME) == {NOBODY: known}
    assert lab.catalogue.instance(HOME, NOBODY) == known
    assert lab.catalogue.instance(HOME, "i-1") is None


def test_I13_a_lineage_has_one_open_rollback(lab: Lab) -> None:
    first = journal(lab)
    lab.catalogue.open_journal(first)

    with pytest.raises(ConflictError):
        lab.catalogue.open_journal(replace(first, id="rb-2"))
    with pytest.raises(NotFoundError):
        lab.catalogue.journal("rb-2")

    assert lab.catalogue.leases() == {NOBODY: "rb-1"}
    assert lab.catalogue.journal("rb-1") == (first, 0)
    assert lab.catalogue.journals() == (first,)


def test_a_journal_is_written_by_one_run_at_a_time(lab: Lab) -> None:
    first = journal(lab)
    lab.catalogue.open_journal(first)

    version = lab.catalogue.save_journal(replace(first, reason="mine"), 0)
    with pytest.raises(ConflictError):
        lab.catalogue.save_journal(replace(first, reason="theirs"), 0)

    held, at = lab.catalogue.journal("rb-1")
    assert (held.reason, at) == ("mine", version)


def test_a_final_state_gives_the_lease_back_and_reopening_takes_it(lab: Lab) -> None:
    first = journal(lab)
    lab.catalogue.open_journal(first)
    version = lab.catalogue.save_journal(replace(first, state=RollbackState.DONE), 0)
    free = lab.catalogue.leases()

    undoing = replace(first, state=RollbackState.UNDOING)
    version = lab.catalogue.reopen_journal(undoing, version)
    held = lab.catalogue.leases()
    with pytest.raises(ConflictError):
        lab.catalogue.open_journal(replace(first, id="rb-2"))
    with pytest.raises(ConflictError):
        lab.catalogue.reopen_journal(undoing, version)

    assert (free, held) == ({}, {NOBODY: "rb-1"})


def test_reopening_is_refused_while_another_rollback_is_open(lab: Lab) -> None:
    first = journal(lab)
    lab.catalogue.open_journal(first)
    version = lab.catalogue.save_journal(replace(first, state=RollbackState.DONE), 0)
    lab.catalogue.open_journal(replace(first, id="rb-2"))

    with pytest.raises(ConflictError):
        lab.catalogue.reopen_journal(replace(first, state=RollbackState.UNDOING), version)

    assert lab.catalogue.journal("rb-1")[1] == version
