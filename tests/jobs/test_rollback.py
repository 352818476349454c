"""Rollbacks: one machine serves at every moment, and there is a way back."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.configuration import Attributes
from chalicelib.domain.errors import ConflictError, NotFoundError, RefusedError
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.point_tags import HOLD
from chalicelib.domain.records import Role
from chalicelib.domain.recovery_point import Kind
from chalicelib.domain.report import Result
from chalicelib.domain.retention import parse_retention
from chalicelib.domain.rollback.fidelity import Fate
from chalicelib.domain.rollback.journal import RollbackState, StepState
from chalicelib.domain.rollback.relaunch import Source
from chalicelib.domain.rollback.selection import parse_choice
from chalicelib.jobs import backup
from chalicelib.jobs.rollback import commands
from chalicelib.jobs.rollback.planning import Request, plan
from tests.fakes.cloud import AWAY, HOME, Cloud
from tests.jobs.scenes import (
    BRIEF,
    DAILY,
    QUARANTINE,
    changes,
    desk,
    expire,
    follow,
    hours,
    images_of,
    reason,
    request,
    retagged,
    settled,
    tick,
    told,
)
from tests.jobs.stage import PROTECTED, QUICK, Stage

RUNNING, STOPPED = InstanceState.RUNNING, InstanceState.STOPPED
TERMINATED = InstanceState.TERMINATED


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_rollback_puts_a_replacement_in_the_originals_place(stage: Stage) -> None:
    begun = stage.apply()
    journal = stage.follow(begun.id)

    new = stage.replacement(journal)
    assert (begun.state, journal.state) == (RollbackState.RUNNING, RollbackState.DONE)
    assert (stage.state(stage.web), stage.state(new)) == (STOPPED, RUNNING)
    assert new.configuration.image_id == stage.image.image_id
    assert stage.holder() == new.id
    assert stage.members() == {new.id}
    assert stage.cloud.catalogue.held == {}


def test_the_replacement_is_as_the_original_was(stage: Stage) -> None:
    stage.web.configuration = replace(
        stage.web.configuration,
        reboot_migration="disabled",
        interfaces=tuple(
            replace(i, source_dest_check=False) for i in stage.web.configuration.interfaces
        ),
    )
    stage.cloud.advance(days=1)
    settled(stage.cloud)

    journal = stage.finished()

    new = stage.replacement(journal).configuration
    assert new.instance_type == "m5.large"
    assert new.tags["Name"] == "web"
    assert new.tags["snapback:lineage"] == stage.web.id
    assert new.tags["snapback:rollback"] == journal.id
    assert [(d.device, d.size_gib, dict(d.tags)) for d in new.disks] == [
        ("/dev/xvda", 8, {"disk": "root"}),
        ("/dev/sdf", 100, {"disk": "data"}),
    ]
    assert new.interfaces[0].source_dest_check is False
    assert len(new.interfaces[0].private_ips) == 2
    assert new.reboot_migration == "disabled"
    assert stage.replacement(journal).user_data == stage.web.user_data
    lines = commands.observed_fidelity(desk(stage.cloud), journal)
    assert [line for line in lines if line.fate is not Fate.RESTORED] == []


def test_a_replacement_that_is_gone_is_compared_with_nothing(stage: Stage) -> None:
    journal = stage.finished()
    stage.home.kill(journal.replacement_id)

    assert commands.observed_fidelity(desk(stage.cloud), journal) == ()


def test_what_differs_on_the_replacement_is_told(stage: Stage) -> None:
    journal = stage.finished()
    new = stage.replacement(journal)
    new.configuration = replace(new.configuration, instance_type="m5.4xlarge")

    lines = commands.observed_fidelity(desk(stage.cloud), journal)

    assert [(line.name, line.observed) for line in lines if line.fate is Fate.SUBSTITUTED] == [
        ("instance type", "m5.4xlarge")
    ]


def test_volumes_without_tags_and_with_none_to_keep_are_fine_too() -> None:
    cloud = Cloud()
    web = cloud.add_machine(DAILY)
    root = replace(web.configuration.disks[0], tags={})
    web.configuration = replace(web.configuration, disks=(root,))
    settled(cloud)

    journal = commands.apply(desk(cloud), request(web), None, cloud.now)
    commands.undo(desk(cloud), journal.id, cloud.now)
    undone = follow(cloud, journal.id)

    assert undone.state is RollbackState.UNDONE


def test_the_address_stands_on_the_counterpart_of_its_private_address(stage: Stage) -> None:
    journal = stage.finished()

    address = stage.home.addresses[stage.allocation]
    interface = stage.replacement(journal).configuration.interfaces[0]
    assert (address.interface_id, address.private_ip) == (
        interface.interface_id,
        interface.private_ips[1],
    )


def test_targets_by_address_move_to_the_replacements_address() -> None:
    stage = Stage(by_address=True)

    journal = stage.finished()

    assert journal.state is RollbackState.DONE
    assert stage.members() == {journal.replacement_id}


def test_at_every_moment_a_healthy_machine_serves(stage: Stage) -> None:
    """I10: the replacement joins before the original leaves, and it stops last."""
    stage.cloud.wire.watch = lambda: serving(stage)

    done = stage.finished()
    undone = stage.follow(stage.undo(done.id).id)

    assert (done.state, undone.state) == (RollbackState.DONE, RollbackState.UNDONE)


def serving(stage: Stage) -> None:
    """Somebody in the target group runs."""
    assert any(stage.home.machines[m].state is RUNNING for m in stage.members())


def test_a_rollback_waits_across_runs_and_never_inside_one(stage: Stage) -> None:
    """Each run does what can be done, and says what it waits for."""
    notes = []
    journal = stage.apply()
    while journal.state.is_open:
        step = journal.next_step
        assert step is not None
        notes.append(f"{step.name}: {step.note}")
        stage.cloud.clock.advance(timedelta(minutes=1))
        commands.resume_all(desk(stage.cloud), stage.cloud.now)
        journal = commands.status(desk(stage.cloud), journal.id)

    assert list(dict.fromkeys(notes)) == [
        "prove: the replacement is pending",
        "prove: running; system initializing, instance initializing, volumes ok",
        "join-targets: web port 80 registering",
        "leave-targets: web port 80 draining",
        "stop-original: asked to stop",
    ]


def test_a_rollback_of_a_plain_machine_has_fewer_steps() -> None:
    stage = Stage(plain=True)

    journal = stage.finished()

    names = [s.name for s in journal.steps]
    assert names == ["launch", "prove", "configure", "stop-original", "protect", "adopt"]
    assert journal.state is RollbackState.DONE


def test_a_stopped_machine_can_be_rolled_back_and_is_not_started_by_undo() -> None:
    stage = Stage(state=STOPPED, plain=True)

    journal = stage.finished()
    undone = stage.follow(stage.undo(journal.id).id)

    assert (journal.state, undone.state) == (RollbackState.DONE, RollbackState.UNDONE)
    assert stage.state(stage.web) is STOPPED


def test_protections_are_lifted_to_stop_and_given_to_the_replacement() -> None:
    stage = Stage(attributes=PROTECTED)

    journal = stage.finished()
    new = stage.replacement(journal)
    given = new.attributes
    undone = stage.follow(stage.undo(journal.id).id)

    assert (given.api_stop_disabled, given.api_termination_disabled) == (True, True)
    assert undone.state is RollbackState.UNDONE
    assert stage.state(stage.web) is RUNNING
    assert stage.web.attributes == PROTECTED
    assert (stage.state(new), new.attributes.api_stop_disabled) == (STOPPED, False)


def test_undo_after_done_puts_everything_back_and_keeps_the_replacement(stage: Stage) -> None:
    journal = stage.finished()
    new = stage.replacement(journal)

    undone = stage.follow(stage.undo(journal.id).id)

    assert (undone.state, undone.reason) == (RollbackState.UNDONE, "undone on request")
    assert (stage.state(stage.web), stage.state(new)) == (RUNNING, STOPPED)
    assert stage.holder() == stage.web.id
    assert stage.members() == {stage.web.id}
    roles = {r.instance_id: r.role for r in stage.cloud.catalogue.machines.values()}
    assert roles == {stage.web.id: Role.CURRENT, new.id: Role.SUPERSEDED}
    assert {s.state for s in undone.steps} == {StepState.UNDONE}


def test_undo_in_the_middle_terminates_a_replacement_that_never_served(stage: Stage) -> None:
    journal = stage.apply()
    new = stage.replacement(journal)

    undone = stage.follow(stage.undo(journal.id).id)

    assert undone.state is RollbackState.UNDONE
    assert stage.state(new) is TERMINATED
    assert new.configuration.disks == ()
    assert stage.state(stage.web) is RUNNING


def test_undo_is_the_same_asked_twice(stage: Stage) -> None:
    journal = stage.finished()
    undone = stage.follow(stage.undo(journal.id).id)

    again = stage.undo(journal.id)

    assert again == undone


def test_undo_before_anything_was_done_ends_at_once(stage: Stage) -> None:
    stage.cloud.wire.throttle("machines.launch")
    journal = stage.apply()

    undone = stage.follow(stage.undo(journal.id).id)

    assert undone.state is RollbackState.UNDONE
    assert stage.launched() == []


def test_F81_the_same_digest_applied_twice_launches_one_instance(stage: Stage) -> None:
    digest = plan(desk(stage.cloud).regions, stage.cloud.catalogue, request(stage.web)).digest

    first = stage.apply(digest=digest)
    stage.cloud.clock.advance(timedelta(minutes=1))
    second = stage.apply(digest=digest)

    assert first.id == second.id
    assert len(stage.launched()) == 1


def test_F81_another_lineages_rollback_is_not_taken_for_this_one(stage: Stage) -> None:
    db = stage.cloud.add_machine(DAILY)
    settled(stage.cloud)
    commands.apply(desk(stage.cloud), request(db), None, stage.cloud.now)
    digest = plan(desk(stage.cloud).regions, stage.cloud.catalogue, request(stage.web)).digest

    journal = stage.apply(digest=digest)

    assert journal.instance_id == stage.web.id


def test_F81_a_second_rollback_of_the_lineage_is_refused_while_one_is_open(stage: Stage) -> None:
    journal = stage.apply()

    with pytest.raises(RefusedError, match=f"rollback {journal.id} of this lineage is not fin"):
        stage.apply()

    assert len(stage.launched()) == 1


def test_F81_of_two_that_apply_at_the_same_moment_one_is_refused(stage: Stage) -> None:
    """Both have planned; the lease decides."""

    def other() -> None:
        stage.apply()

    stage.cloud.wire.afterwards("configurations.missing", other)

    with pytest.raises(RefusedError, match="already has an open rollback"):
        stage.apply()

    assert len(stage.launched()) == 1


def test_apply_refuses_another_plan_than_the_one_reviewed(stage: Stage) -> None:
    digest = plan(desk(stage.cloud).regions, stage.cloud.catalogue, request(stage.web)).digest
    stage.cloud.add_address(stage.web)

    with stage.cloud.wire.recording() as calls, pytest.raises(RefusedError, match=digest):
        stage.apply(digest=digest)

    assert changes(calls) == []


def test_a_plan_changes_nothing(stage: Stage) -> None:
    with stage.cloud.wire.recording() as calls:
        planned = plan(desk(stage.cloud).regions, stage.cloud.catalogue, request(stage.web))

    assert changes(calls) == []
    assert (planned.blockers, planned.image_id) == ((), stage.image.image_id)


@pytest.mark.parametrize(
    ("settings", "blocker"),
    [
        ({"lifecycle": "spot"}, "spot instance"),
        ({"root_device_type": "instance-store"}, "instance store"),
        ({"interfaces": ()}, "no network interface"),
    ],
)
def test_F21_what_cannot_be_relaunched_is_blocked_with_the_reason(
    stage: Stage, settings: dict[str, object], blocker: str
) -> None:
    stage.web.configuration = replace(stage.web.configuration, **settings)  # type: ignore[arg-type]
    current = Request(
        instance_id=stage.web.id, choice=parse_choice("latest"), source=Source.CURRENT
    )

    with pytest.raises(RefusedError, match=blocker):
        commands.apply(desk(stage.cloud), current, None, stage.cloud.now)

    assert stage.launched() == []


def test_F69_a_member_of_a_scaling_group_is_refused(stage: Stage) -> None:
    stage.web.scaling_group = "web-asg"

    with pytest.raises(RefusedError, match="Auto Scaling group web-asg"):
        stage.apply()


def test_a_managed_machine_and_one_whose_subnet_is_gone_are_refused(stage: Stage) -> None:
    stage.web.managed_by = "eks"
    stage.home.gone_subnets = {"subnet-0000000000000001"}

    with pytest.raises(RefusedError) as refused:
        stage.apply()

    assert "managed by eks" in refused.value.message
    assert "the subnet subnet-0000000000000001 no longer exists" in refused.value.message


@pytest.mark.parametrize(
    ("state", "blocker"),
    [
        (InstanceState.STOPPING, "wait until it is running or stopped"),
        (InstanceState.TERMINATED, "it is terminated"),
    ],
)
def test_a_machine_between_states_is_refused(
    stage: Stage, state: InstanceState, blocker: str
) -> None:
    stage.web.state, stage.web.since = state, stage.cloud.now

    with pytest.raises(RefusedError, match=blocker):
        stage.apply()


def test_an_instance_that_is_nowhere_is_not_found(stage: Stage) -> None:
    stage.home.machines.clear()

    with pytest.raises(NotFoundError, match=f"there is no instance {stage.web.id} in {HOME}"):
        stage.apply()


def test_the_instance_is_looked_for_in_every_region() -> None:
    cloud = Cloud(names=(HOME, AWAY))
    far = cloud.add_machine(DAILY, region=AWAY)
    settled(cloud)

    journal = commands.apply(desk(cloud), request(far), None, cloud.now)
    done = follow(cloud, journal.id)

    assert (done.region, done.state) == (AWAY, RollbackState.DONE)
    assert len(cloud.places[AWAY].machines) == 2


def test_a_region_that_is_no_longer_looked_after_is_named(stage: Stage) -> None:
    journal = stage.apply()
    narrow = replace(desk(stage.cloud), regions=())

    with pytest.raises(NotFoundError, match=f"the region {HOME} is not looked after"):
        commands.resume(narrow, journal.id, stage.cloud.now)


# F82, F83: which images may be rolled back to.


def test_F82_another_machines_point_is_refused(stage: Stage) -> None:
    db = stage.cloud.add_machine(DAILY)
    settled(stage.cloud)
    [theirs] = images_of(stage.cloud, db)

    with pytest.raises(RefusedError, match=f"a recovery point of {db.id}, not of {stage.web.id}"):
        stage.apply(theirs.image_id)


@pytest.mark.parametrize("owned", [True, False])
def test_F82_a_foreign_image_is_refused(stage: Stage, owned: bool) -> None:
    foreign = stage.cloud.add_image("golden", {}, owned=owned)

    with pytest.raises(RefusedError, match="is no recovery point of this deployment"):
        stage.apply(foreign.image_id)


def test_F82_a_look_alike_without_a_row_is_refused_and_never_the_latest(stage: Stage) -> None:
    stage.cloud.advance(hours=1)
    forged = stage.cloud.add_image(
        f"snapback/{stage.web.id}/scheduled/20261123T1200Z",
        {**stage.image.tags},
        source_instance=stage.web.id,
    )

    with pytest.raises(RefusedError, match="not trusted: the catalogue does not know it"):
        stage.apply(forged.image_id)
    journal = stage.apply()

    assert journal.image_id == stage.image.image_id


def test_F82_a_point_on_other_snapshots_than_sealed_is_refused(stage: Stage) -> None:
    stage.image.snapshots = tuple(
        replace(s, snapshot_id="snap-0bad0bad0bad0bad0") for s in stage.image.snapshots
    )

    with pytest.raises(RefusedError, match="not those that the catalogue sealed"):
        stage.apply(stage.image.image_id)


def test_F82_a_lineage_tag_reaches_no_other_machines_points(stage: Stage) -> None:
    thief = stage.cloud.add_machine({"snapback:lineage": stage.web.id})

    with pytest.raises(RefusedError, match=f"a recovery point of {stage.web.id}"):
        commands.apply(
            desk(stage.cloud), request(thief, stage.image.image_id), None, stage.cloud.now
        )


def test_F83_a_pending_point_is_refused(stage: Stage) -> None:
    stage.cloud.advance(days=1)
    tick(stage.cloud)
    pending = images_of(stage.cloud)[-1]

    with pytest.raises(RefusedError, match="is pending"):
        stage.apply(pending.image_id)


def test_F83_a_failed_point_is_refused(stage: Stage) -> None:
    stage.home.breaking = 1
    stage.cloud.advance(days=1)
    settled(stage.cloud)
    failed = images_of(stage.cloud)[1]

    with pytest.raises(RefusedError, match="EC2 could not make it"):
        stage.apply(failed.image_id)


def test_F83_a_disabled_point_is_refused(stage: Stage) -> None:
    stage.image.disabled = True

    with pytest.raises(RefusedError, match="somebody disabled it"):
        stage.apply(stage.image.image_id)


def test_F83_a_quarantined_and_a_deregistered_point_are_refused() -> None:
    cloud = Cloud()
    web = cloud.add_machine(BRIEF)
    hours(cloud, 4)
    first = images_of(cloud)[0]
    expire(cloud)

    with pytest.raises(RefusedError, match="it has expired; `snapback release`"):
        commands.apply(desk(cloud), request(web, first.image_id), None, cloud.now)
    cloud.clock.advance(QUARANTINE)
    expire(cloud)
    with pytest.raises(RefusedError, match="it is deregistered"):
        commands.apply(desk(cloud), request(web, first.image_id), None, cloud.now)

    assert len(cloud.home.machines) == 1


def test_before_a_time_and_verified_choose_among_the_points() -> None:
    cloud = Cloud()
    web = cloud.add_machine({**BRIEF, "snapback:retain": "last=9"})
    hours(cloud, 3)
    first, second, _ = images_of(cloud)
    second.tags["snapback:state"] = "verified"

    def chosen(to: str) -> str:
        return plan(cloud.regions, cloud.catalogue, request(web, to)).image_id

    assert chosen("before:2026-11-23T13:00Z") == first.image_id
    assert chosen("verified") == second.image_id
    with pytest.raises(RefusedError, match="no usable recovery point for --to change:c1"):
        chosen("change:c1")


# F70 to F85: what goes wrong on the way.


def test_F70_without_capacity_the_original_is_untouched_and_the_end_is_undone(
    stage: Stage,
) -> None:
    stage.cloud.wire.fail("machines.launch", "InsufficientInstanceCapacity")
    with stage.cloud.wire.recording() as calls:
        journal = stage.follow(stage.apply().id)

    touched = {c.name for c in calls if c.changes and not c.name.startswith("catalogue.")}
    assert journal.state is RollbackState.UNDONE
    assert "InsufficientInstanceCapacity" in journal.reason
    assert touched == {"machines.launch"}
    assert (stage.state(stage.web), stage.holder()) == (RUNNING, stage.web.id)
    assert commands.outcome_of(journal).result is Result.FAILED


def test_F70_capacity_that_comes_back_in_time_is_used(stage: Stage) -> None:
    stage.cloud.wire.fail("machines.launch", "InsufficientInstanceCapacity", times=2)

    journal = stage.follow(stage.apply().id, step=timedelta(minutes=3), ticks=20)

    assert journal.state is RollbackState.DONE


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "InvalidParameterValue"])
def test_a_launch_that_ec2_refuses_ends_undone_at_once(stage: Stage, code: str) -> None:
    """A refusal is proof that nothing was launched: there is nothing to wait for."""
    stage.cloud.wire.fail("machines.launch", code)

    journal = stage.apply()

    assert journal.state is RollbackState.UNDONE
    assert code in journal.reason


def test_a_launch_whose_answer_was_lost_leaves_no_orphan(stage: Stage) -> None:
    """The replacement is not visible yet when the next run looks for it."""
    stage.pace(visible=timedelta(minutes=2))
    stage.cloud.wire.lose("machines.launch", times=9)

    journal = stage.apply()
    undone = stage.follow(stage.undo(journal.id).id, step=timedelta(minutes=1), ticks=20)

    [new] = stage.launched()
    assert undone.state is RollbackState.UNDONE
    assert stage.state(new) is TERMINATED


def test_F73_an_address_on_a_third_instance_is_left_there(stage: Stage) -> None:
    third = stage.cloud.add_machine({})
    taken = third.configuration.interfaces[0]
    journal = stage.apply()
    stage.home.addresses[stage.allocation] = replace(
        stage.home.addresses[stage.allocation],
        association_id="eipassoc-third",
        interface_id=taken.interface_id,
        private_ip=taken.private_ips[0],
    )

    undone = stage.follow(journal.id)

    assert undone.state is RollbackState.UNDONE
    assert "taken elsewhere" in undone.reason
    assert stage.holder() == third.id
    assert stage.members() == {stage.web.id}
    assert (stage.state(stage.web), stage.state(third)) == (RUNNING, RUNNING)


def test_F73_an_address_taken_between_two_calls_is_not_stolen_back(stage: Stage) -> None:
    """The race is lost after the disassociation: AllowReassociation is false."""
    third = stage.cloud.add_machine({})
    taken = third.configuration.interfaces[0]

    def steal() -> None:
        stage.home.addresses[stage.allocation] = replace(
            stage.home.addresses[stage.allocation],
            association_id="eipassoc-third",
            interface_id=taken.interface_id,
            private_ip=taken.private_ips[0],
        )

    journal = stage.apply()
    stage.cloud.wire.afterwards("addresses.disassociate", steal)
    undone = stage.follow(journal.id)

    assert undone.state is RollbackState.UNDONE
    assert stage.holder() == third.id
    assert stage.members() == {stage.web.id}


def test_an_address_that_was_released_meanwhile_ends_undone(stage: Stage) -> None:
    journal = stage.apply()
    del stage.home.addresses[stage.allocation]

    undone = stage.follow(journal.id)

    assert undone.state is RollbackState.UNDONE
    assert "was released" in undone.step(f"move-address-{stage.allocation}").note


@pytest.mark.parametrize(
    "moment",
    [
        "addresses.disassociate",
        "addresses.associate",
        "targets.register",
        "targets.deregister",
        "machines.stop",
        "machines.health",
        "machines.tag",
    ],
)
def test_F74_a_replacement_that_dies_on_the_way_gives_everything_back(
    stage: Stage, moment: str
) -> None:
    journal = stage.apply()
    stage.cloud.wire.afterwards(moment, lambda: stage.home.kill(journal.replacement_id))

    undone = stage.follow(journal.id, ticks=20)

    assert undone.state is RollbackState.UNDONE, undone.steps
    assert stage.state(stage.web) is RUNNING
    assert stage.holder() == stage.web.id
    assert stage.members() == {stage.web.id}


@pytest.mark.parametrize("moment", ["targets.register", "targets.deregister"])
def test_F74_a_dead_replacements_address_does_not_stay_in_a_target_group(moment: str) -> None:
    """Whoever gets that address next would get the traffic, too."""
    stage = Stage(by_address=True)
    journal = stage.apply()
    stage.cloud.wire.afterwards(moment, lambda: stage.home.kill(journal.replacement_id))

    undone = stage.follow(journal.id, ticks=20)

    assert stage.target is not None
    assert undone.state is RollbackState.UNDONE
    assert [target for _, target, _ in stage.home.registrations] == [stage.target.target_id]


@pytest.mark.parametrize("runs", range(5))
def test_F74_a_replacement_that_ec2_has_forgotten_gives_everything_back(
    stage: Stage, runs: int
) -> None:
    """Terminated for more than an hour: no listing knows it any more."""
    journal = stage.apply()
    for _ in range(runs):
        stage.cloud.clock.advance(timedelta(minutes=5))
        journal = commands.resume(desk(stage.cloud), journal.id, stage.cloud.now)
    stage.home.kill(journal.replacement_id)
    del stage.home.machines[journal.replacement_id]
    stage.cloud.clock.advance(timedelta(hours=2))

    if journal.state is RollbackState.DONE:
        stage.undo(journal.id)
    undone = stage.follow(journal.id, ticks=20)

    assert undone.state is RollbackState.UNDONE
    assert stage.state(stage.web) is RUNNING
    assert stage.holder() == stage.web.id
    assert stage.members() == {stage.web.id}


@pytest.mark.parametrize("call", ["machines.tag", "machines.health", "targets.register"])
def test_F09_a_replacement_that_flickers_out_of_a_listing_costs_no_service(
    stage: Stage, call: str
) -> None:
    """The original must not leave for one that only seemed to have joined."""
    stage.cloud.wire.watch = lambda: serving(stage)
    journal = stage.apply()
    new = stage.replacement(journal)
    stage.cloud.wire.afterwards(
        call, lambda: setattr(new, "visible_at", stage.cloud.now + timedelta(seconds=1))
    )

    stage.follow(journal.id, ticks=20)

    assert stage.holder() in stage.members()


@pytest.mark.parametrize("moment", ["targets.deregister", "addresses.associate"])
def test_F74_the_original_is_not_stopped_for_a_replacement_that_died(
    stage: Stage, moment: str
) -> None:
    journal = stage.apply()
    stage.cloud.wire.afterwards(moment, lambda: stage.home.kill(journal.replacement_id))

    with stage.cloud.wire.recording() as calls:
        stage.follow(journal.id, ticks=20)

    assert [c for c in calls if c.name == "machines.stop"] == []


def test_F74_the_original_of_a_plain_machine_is_not_stopped_either() -> None:
    """It dies right after it was proven: only the stop is left to notice it."""
    stage = Stage(plain=True)
    stage.pace(checks=timedelta(0))
    journal = stage.apply()
    stage.cloud.wire.afterwards("machines.health", lambda: stage.home.kill(journal.replacement_id))

    with stage.cloud.wire.recording() as calls:
        undone = stage.follow(journal.id)

    assert undone.state is RollbackState.UNDONE
    assert [c for c in calls if c.name == "machines.stop"] == []


def test_F74_the_original_does_not_leave_for_a_replacement_that_died_as_it_joined(
    stage: Stage,
) -> None:
    journal = stage.apply()
    stage.cloud.clock.advance(timedelta(minutes=5))
    commands.resume(desk(stage.cloud), journal.id, stage.cloud.now)
    stage.cloud.wire.afterwards("targets.health", lambda: stage.home.kill(journal.replacement_id))
    stage.cloud.wire.watch = lambda: serving(stage)

    undone = stage.follow(journal.id)

    assert undone.state is RollbackState.UNDONE
    assert undone.step("leave-targets").note == "the original is healthy in its target groups again"


def test_F74_a_replacement_that_dies_while_the_original_stops_is_not_adopted() -> None:
    stage = Stage(plain=True)
    journal = stage.apply()
    stage.cloud.wire.afterwards("machines.stop", lambda: stage.home.kill(journal.replacement_id))

    undone = stage.follow(journal.id)

    assert undone.state is RollbackState.UNDONE
    assert stage.state(stage.web) is RUNNING


def test_F75_F85_a_replacement_that_ec2_terminates_is_never_a_success(stage: Stage) -> None:
    stage.home.dooms[stage.image.image_id] = "Client.InternalError: the key is disabled"

    journal = stage.follow(stage.apply().id)

    assert journal.state is RollbackState.UNDONE
    assert "Client.InternalError: the key is disabled" in journal.reason
    assert (stage.state(stage.web), stage.holder()) == (RUNNING, stage.web.id)


def test_F85_a_replacement_that_never_passes_its_checks_is_given_up(stage: Stage) -> None:
    stage.home.sick_images[stage.image.image_id] = "impaired"

    journal = stage.follow(stage.apply().id, ticks=12)

    [new] = stage.launched()
    assert journal.state is RollbackState.UNDONE
    assert "not proven within 0:20:00" in journal.reason
    assert stage.state(new) is TERMINATED
    assert stage.members() == {stage.web.id}


def test_a_replacement_that_never_becomes_visible_is_given_up(stage: Stage) -> None:
    stage.cloud.advance(minutes=10)
    stage.pace(visible=timedelta(minutes=8))

    journal = stage.follow(stage.apply().id, step=timedelta(minutes=3), ticks=20)

    [new] = stage.launched()
    assert journal.state is RollbackState.UNDONE
    assert "does not know the replacement" in journal.reason
    assert stage.state(stage.web) is RUNNING
    assert stage.state(new) is TERMINATED


def test_F76_the_original_stops_only_after_it_has_drained(stage: Stage) -> None:
    stage.pace(drain=timedelta(minutes=30))
    journal = stage.apply()

    stopped_at = None
    for _ in range(20):
        stage.cloud.clock.advance(timedelta(minutes=5))
        commands.resume_all(desk(stage.cloud), stage.cloud.now)
        if stopped_at is None and stage.state(stage.web) is not RUNNING:
            stopped_at = stage.cloud.now
        journal = commands.status(desk(stage.cloud), journal.id)

    left = journal.step("leave-targets").began_at
    assert stopped_at is not None
    assert left is not None
    assert stopped_at - left >= timedelta(minutes=30)
    assert journal.state is RollbackState.DONE


def test_F76_a_draining_that_hangs_is_waited_for_an_hour_and_no_longer(stage: Stage) -> None:
    stage.pace(drain=timedelta(days=9))

    journal = stage.follow(stage.apply().id, step=timedelta(minutes=20), ticks=20)

    assert journal.state is RollbackState.DONE
    assert "still draining" in journal.step("leave-targets").note


def test_F77_a_replacement_that_never_turns_healthy_is_taken_out_again(stage: Stage) -> None:
    stage.home.sick_targets.add(stage.image.image_id)

    journal = stage.follow(stage.apply().id, ticks=12)

    [new] = stage.launched()
    assert journal.state is RollbackState.UNDONE
    assert "not healthy within 0:15:00: web port 80 unhealthy" in journal.reason
    assert stage.members() == {stage.web.id}
    assert stage.holder() == stage.web.id
    assert (stage.state(stage.web), stage.state(new)) == (RUNNING, STOPPED)


def test_a_group_that_no_load_balancer_uses_is_joined_without_waiting_for_health() -> None:
    stage = Stage()
    assert stage.target is not None
    stage.home.groups[stage.target.group_arn].in_use = False

    journal = stage.finished()

    assert journal.state is RollbackState.DONE
    assert stage.members() == {journal.replacement_id}


def test_F80_the_original_is_never_terminated(stage: Stage) -> None:
    """I12, over a whole rollback, its undo, and one that fails."""
    done = stage.finished()
    stage.follow(stage.undo(done.id).id)
    stage.home.sick_targets.add(stage.image.image_id)
    stage.cloud.clock.advance(timedelta(minutes=1))
    stage.follow(stage.apply().id, ticks=20)

    ended = [c.arguments[0] for c in stage.cloud.wire.history if c.name == "machines.terminate"]
    assert stage.web.id not in ended


def test_an_original_that_hangs_in_stopping_is_waited_for_not_forced(stage: Stage) -> None:
    stage.pace(stop=timedelta(hours=3))
    journal = stage.follow(stage.apply().id, ticks=8)

    step = journal.next_step
    assert journal.state is RollbackState.RUNNING
    assert step is not None
    assert (step.name, step.note) == ("stop-original", "the original is stopping")


def test_an_original_that_somebody_terminates_meanwhile_does_not_stop_the_rollback(
    stage: Stage,
) -> None:
    stage.pace(drain=timedelta(minutes=10))
    journal = stage.apply()
    for _ in range(3):
        stage.cloud.clock.advance(timedelta(minutes=5))
        commands.resume_all(desk(stage.cloud), stage.cloud.now)
    stage.home.kill(stage.web.id)

    done = stage.follow(journal.id)

    assert done.state is RollbackState.DONE
    assert "somebody else terminated it" in done.step("stop-original").note
    assert stage.holder() == done.replacement_id


def test_undo_is_refused_when_the_original_is_gone(stage: Stage) -> None:
    journal = stage.finished()
    stage.home.kill(stage.web.id)

    with (
        stage.cloud.wire.recording() as calls,
        pytest.raises(RefusedError, match="there is nothing to go back to"),
    ):
        stage.undo(journal.id)

    assert changes(calls) == []
    assert commands.status(desk(stage.cloud), journal.id).state is RollbackState.DONE


def test_an_undo_whose_original_dies_under_way_is_red_and_moves_nothing_to_it(
    stage: Stage,
) -> None:
    journal = stage.finished()
    stage.undo(journal.id)
    stage.home.kill(stage.web.id)
    stage.cloud.clock.advance(timedelta(minutes=5))

    report = commands.resume_all(desk(stage.cloud), stage.cloud.now)

    assert told(report) == [(journal.id, "rollback", "failed")]
    assert stage.holder() == journal.replacement_id
    assert stage.members() == {journal.replacement_id}
    assert stage.state(stage.replacement(journal)) is RUNNING


def test_an_undone_original_that_fails_its_checks_gets_its_traffic_back_all_the_same(
    stage: Stage,
) -> None:
    """It was wanted back; better sick than nobody."""
    journal = stage.finished()
    stage.web.health = "impaired"
    assert stage.target is not None
    stage.home.groups[stage.target.group_arn].sick = {stage.web.id}

    undone = stage.follow(stage.undo(journal.id).id, ticks=20)

    assert undone.state is RollbackState.UNDONE
    assert "does not pass its status checks" in undone.step("stop-original").note
    assert "find it unhealthy" in undone.step("leave-targets").note
    assert stage.holder() == stage.web.id


def test_an_original_that_was_unhealthy_before_is_not_waited_for(stage: Stage) -> None:
    assert stage.target is not None
    stage.home.groups[stage.target.group_arn].sick = {stage.web.id}
    journal = stage.finished()

    undone = stage.follow(stage.undo(journal.id).id)

    assert undone.state is RollbackState.UNDONE
    assert "not healthy before either" in undone.step("leave-targets").note


@pytest.mark.parametrize("runs", [0, 2, 3])
def test_a_target_group_that_somebody_deletes_ends_undone(stage: Stage, runs: int) -> None:
    """Before the replacement joins, after, and while the original drains."""
    stage.pace(drain=timedelta(minutes=11))
    journal = stage.apply()
    for _ in range(runs):
        stage.cloud.clock.advance(timedelta(minutes=5))
        commands.resume_all(desk(stage.cloud), stage.cloud.now)
    stage.home.groups.clear()
    stage.home.registrations.clear()
    journal = stage.follow(journal.id)

    undone = stage.follow(stage.undo(journal.id).id)

    assert undone.state is RollbackState.UNDONE
    assert stage.holder() == stage.web.id
    assert stage.state(stage.web) is RUNNING


# What follows a finished one.


def test_a_second_rollback_goes_from_the_replacement_on(stage: Stage) -> None:
    """F62: points of both instances are one lineage; the first original stays stopped."""
    first = stage.finished()
    second_web = stage.replacement(first)
    stage.cloud.advance(days=1)
    settled(stage.cloud)
    newest = images_of(stage.cloud, second_web)[-1]

    journal = commands.apply(desk(stage.cloud), request(second_web), None, stage.cloud.now)
    done = stage.follow(journal.id)

    third = stage.replacement(done)
    assert done.image_id == newest.image_id
    assert done.lineage == stage.web.id
    assert stage.holder() == third.id
    assert [stage.state(m) for m in (stage.web, second_web, third)] == [
        STOPPED,
        STOPPED,
        RUNNING,
    ]
    assert third.configuration.tags["snapback:lineage"] == stage.web.id


def test_a_second_rollback_may_go_back_to_a_point_of_the_first_instance(stage: Stage) -> None:
    first = stage.finished()
    journal = commands.apply(
        desk(stage.cloud),
        request(stage.replacement(first), stage.image.image_id),
        None,
        stage.cloud.now,
    )

    assert stage.follow(journal.id).state is RollbackState.DONE


def test_an_original_that_was_rolled_away_from_is_not_rolled_back_again(stage: Stage) -> None:
    stage.finished()

    with pytest.raises(RefusedError, match="rolled away from already"):
        stage.apply()


def test_undo_of_an_earlier_rollback_is_refused_after_a_later_one(stage: Stage) -> None:
    first = stage.finished()
    second = commands.apply(
        desk(stage.cloud),
        request(stage.replacement(first), stage.image.image_id),
        None,
        stage.cloud.now,
    )
    with pytest.raises(RefusedError, match="has another open rollback"):
        stage.undo(first.id)
    stage.follow(second.id)

    with pytest.raises(RefusedError, match=f"was itself rolled back by {second.id}") as refused:
        stage.undo(first.id)
    assert refused.value.hint == f"undo {second.id} first"
    stage.follow(stage.undo(second.id).id)
    undone = stage.follow(stage.undo(first.id).id)

    assert undone.state is RollbackState.UNDONE
    assert stage.holder() == stage.web.id


def test_undo_after_a_later_rollback_that_was_itself_undone_by_failure(stage: Stage) -> None:
    """A second rollback that never came to be does not stand in the way of the first's undo."""
    first = stage.finished()
    stage.cloud.wire.fail("machines.launch", "InvalidParameterValue")
    commands.apply(
        desk(stage.cloud),
        request(stage.replacement(first), stage.image.image_id),
        None,
        stage.cloud.now,
    )
    stage.cloud.wire.calm()

    undone = stage.follow(stage.undo(first.id).id)

    assert undone.state is RollbackState.UNDONE


def test_undo_is_refused_while_another_rollback_holds_the_lineage(stage: Stage) -> None:
    journal = stage.finished()
    stage.cloud.catalogue.held[stage.web.id] = "rb-other"

    with pytest.raises(RefusedError, match="has another open rollback"):
        stage.undo(journal.id)


def test_backups_go_on_with_the_replacement_and_return_to_the_original_after_undo(
    stage: Stage,
) -> None:
    journal = stage.finished()
    new = stage.replacement(journal)
    stage.cloud.advance(days=1)
    after_rollback = tick(stage.cloud)
    stage.follow(stage.undo(journal.id).id)
    stage.cloud.advance(days=1)
    after_undo = tick(stage.cloud)

    assert [s for s, _, _ in told(after_rollback, Result.DONE)] == [new.id]
    assert (stage.web.id, "backup", "done") in told(after_undo)
    assert (new.id, "backup", "done") not in told(after_undo)


def test_accept_ends_the_offer_to_undo(stage: Stage) -> None:
    journal = stage.finished()

    accepted = commands.acknowledge(desk(stage.cloud), journal.id, stage.cloud.now)
    again = commands.acknowledge(desk(stage.cloud), journal.id, stage.cloud.now)

    assert accepted == again
    assert accepted.state is RollbackState.ACCEPTED
    assert stage.state(stage.web) is STOPPED
    with pytest.raises(RefusedError, match="was accepted"):
        stage.undo(journal.id)


def test_an_unfinished_rollback_can_not_be_accepted(stage: Stage) -> None:
    journal = stage.apply()

    with pytest.raises(RefusedError, match="only a finished one can be accepted"):
        commands.acknowledge(desk(stage.cloud), journal.id, stage.cloud.now)


def test_resuming_a_finished_rollback_changes_nothing(stage: Stage) -> None:
    journal = stage.finished()

    with stage.cloud.wire.recording() as calls:
        again = commands.resume(desk(stage.cloud), journal.id, stage.cloud.now)
        report = commands.resume_all(desk(stage.cloud), stage.cloud.now)

    assert (again, report.outcomes) == (journal, ())
    assert [c.name for c in calls] == ["catalogue.journal", "catalogue.leases"]


def test_resume_makes_one_query_when_nothing_is_open(stage: Stage) -> None:
    with stage.cloud.wire.recording() as calls:
        commands.resume_all(desk(stage.cloud), stage.cloud.now)

    assert [c.name for c in calls] == ["catalogue.leases"]


def test_an_unknown_rollback_is_not_found(stage: Stage) -> None:
    with pytest.raises(NotFoundError, match="there is no rollback 'rb-none'"):
        commands.status(desk(stage.cloud), "rb-none")


def test_one_rollback_that_fails_never_stops_the_others(stage: Stage) -> None:
    db = stage.cloud.add_machine(DAILY)
    settled(stage.cloud)
    first = stage.apply()
    second = commands.apply(desk(stage.cloud), request(db), None, stage.cloud.now)
    stage.cloud.wire.fail("catalogue.journal", "SomethingNew", about=first.id)
    stage.cloud.clock.advance(timedelta(minutes=5))

    report = commands.resume_all(desk(stage.cloud), stage.cloud.now)

    assert told(report) == [
        (first.id, "rollback", "failed"),
        (second.id, "rollback", "pending"),
    ]


def test_two_runs_on_one_rollback_do_not_disturb_each_other(stage: Stage) -> None:
    """The one that comes second finds the version taken and leaves it alone."""
    journal = stage.apply()
    stage.cloud.clock.advance(timedelta(minutes=5))

    def other() -> None:
        commands.resume(desk(stage.cloud), journal.id, stage.cloud.now)

    stage.cloud.wire.afterwards("machines.health", other)
    report = commands.resume_all(desk(stage.cloud), stage.cloud.now)
    done = stage.follow(journal.id)

    assert told(report) == [(journal.id, "rollback", "already")]
    assert done.state is RollbackState.DONE
    assert len(stage.launched()) == 1


def test_undo_while_another_run_goes_on_is_a_conflict_not_a_mixture(stage: Stage) -> None:
    journal = stage.apply()
    stage.cloud.clock.advance(timedelta(minutes=5))

    def other() -> None:
        commands.resume(desk(stage.cloud), journal.id, stage.cloud.now)

    stage.cloud.wire.afterwards("catalogue.journal", other)
    with pytest.raises(ConflictError):
        stage.undo(journal.id)

    assert stage.follow(journal.id).state is RollbackState.DONE


def test_open_rollbacks_are_told_without_touching_them(stage: Stage) -> None:
    journal = stage.apply()

    with stage.cloud.wire.recording() as calls:
        report = commands.open_rollbacks(desk(stage.cloud))

    assert changes(calls) == []
    assert told(report) == [(journal.id, "rollback", "pending")]
    assert reason(report, journal.id).startswith("running: wait until the replacement runs")


def test_a_rollback_in_json_has_what_the_design_promises(stage: Stage) -> None:
    journal = stage.finished()

    told_as = commands.as_json(journal)

    assert told_as["rollback"] == journal.id
    assert told_as["state"] == "done"
    steps = told_as["steps"]
    assert isinstance(steps, list)
    assert {s["state"] for s in steps} == {"done"}
    assert stage.web.user_data not in str(told_as)


# Configurations and user data.


def test_the_configuration_of_the_backup_comes_back_and_the_present_one_on_request(
    stage: Stage,
) -> None:
    stage.web.configuration = replace(stage.web.configuration, instance_type="m5.4xlarge")

    as_of_backup = plan(
        desk(stage.cloud).regions, stage.cloud.catalogue, request(stage.web)
    ).configuration
    current = plan(
        desk(stage.cloud).regions,
        stage.cloud.catalogue,
        Request(instance_id=stage.web.id, choice=parse_choice("latest"), source=Source.CURRENT),
    ).configuration

    assert (as_of_backup.instance_type, current.instance_type) == ("m5.large", "m5.4xlarge")


def test_user_data_that_changed_since_comes_from_the_sealed_manifest(stage: Stage) -> None:
    before = stage.web.user_data
    stage.web.user_data = "IyEvYmluL2ZhbHNl"

    journal = stage.finished()

    assert journal.user_data_from.startswith("manifest:")
    assert stage.replacement(journal).user_data == before


def test_user_data_that_changed_and_was_not_stored_is_the_present_one() -> None:
    stage = Stage(plain=True)
    stage.cloud.vault.has_key = False
    stage.cloud.advance(days=1)
    stage.web.launched_at = stage.cloud.now
    settled(stage.cloud)
    stage.web.user_data = "IyEvYmluL2ZhbHNl"

    journal = stage.finished()

    assert stage.replacement(journal).user_data == "IyEvYmluL2ZhbHNl"


def test_a_machine_without_user_data_gets_none() -> None:
    cloud = Cloud()
    web = cloud.add_machine(DAILY)
    settled(cloud)

    journal = commands.apply(desk(cloud), request(web), None, cloud.now)

    assert cloud.home.machines[journal.replacement_id].user_data == ""


def test_sealed_user_data_whose_manifest_is_lost_ends_undone(stage: Stage) -> None:
    stage.web.user_data = "IyEvYmluL2ZhbHNl"
    stage.cloud.wire.afterwards("catalogue.open_journal", stage.cloud.catalogue.manifests.clear)

    journal = stage.apply()

    assert journal.state is not RollbackState.DONE
    assert "that holds the user data is lost" in journal.reason
    assert stage.launched() == []


def test_user_data_whose_key_is_gone_ends_undone(stage: Stage) -> None:
    stage.web.user_data = "IyEvYmluL2ZhbHNl"
    stage.cloud.vault.has_key = False

    journal = stage.follow(stage.apply().id)

    assert journal.state is RollbackState.UNDONE
    assert "decrypt user data" in journal.reason


def test_a_point_whose_manifest_is_lost_is_rolled_back_to_with_the_present_one(
    stage: Stage,
) -> None:
    stage.cloud.catalogue.manifests.clear()

    planned = plan(desk(stage.cloud).regions, stage.cloud.catalogue, request(stage.web))

    assert planned.blockers == ()
    assert "is lost: the present one is used" in planned.warnings[0]


def test_a_second_address_and_interfaces_without_a_counterpart_end_undone() -> None:
    """The backup knew one private address; the Elastic IP stands on a second one by now."""
    stage = Stage(plain=True)
    interface = stage.web.configuration.interfaces[0]
    grown = replace(interface, private_ips=(*interface.private_ips, "10.0.9.9"))
    stage.web.configuration = replace(stage.web.configuration, interfaces=(grown,))
    stage.allocation = stage.cloud.add_address(stage.web, order=2)

    journal = stage.follow(stage.apply().id)

    assert journal.state is RollbackState.UNDONE
    assert "no address that stands for 10.0.9.9" in journal.reason
    assert stage.holder() == stage.web.id


def test_a_target_address_without_a_counterpart_ends_undone() -> None:
    stage = Stage(plain=True)
    interface = stage.web.configuration.interfaces[0]
    grown = replace(interface, private_ips=("10.0.9.9", *interface.private_ips))
    moved = replace(grown, network_card_index=1)
    stage.web.configuration = replace(stage.web.configuration, interfaces=(moved,))
    stage.target = stage.cloud.add_group(stage.web, by_address=True)

    journal = stage.follow(stage.apply().id)

    assert journal.state is RollbackState.UNDONE
    assert "no address that stands for 10.0.9.9" in journal.reason


def test_everything_quick_is_done_in_two_runs() -> None:
    """Stopping is always looked at by a later run."""
    stage = Stage()
    stage.home.pace = QUICK

    journal = stage.apply()

    assert stage.follow(journal.id, ticks=2).state is RollbackState.DONE


def test_a_point_on_hold_can_be_rolled_back_to(stage: Stage) -> None:
    stage.image.tags[HOLD] = "forever"

    assert stage.finished().state is RollbackState.DONE


def test_a_manual_point_can_be_rolled_back_to(stage: Stage) -> None:
    backup.run(stage.cloud.sites, [stage.web.id], parse_retention("within=30d"), stage.cloud.now)
    stage.cloud.advance(minutes=5)
    tick(stage.cloud)
    manual = images_of(stage.cloud)[-1]
    assert Kind.MANUAL.value in manual.name

    assert stage.apply().image_id == manual.image_id


def test_protections_that_the_backup_did_not_have_are_not_invented() -> None:
    """The point's configuration counts; but the original's stop protection is lifted to stop."""
    stage = Stage(plain=True)
    stage.web.attributes = Attributes(api_stop_disabled=True)

    journal = stage.finished()

    assert journal.state is RollbackState.DONE
    assert stage.replacement(journal).attributes.api_stop_disabled is False


def test_a_lost_tag_on_the_original_changes_nothing_about_its_rollback(stage: Stage) -> None:
    retagged(stage.web, snapback__plan=None)

    assert stage.finished().state is RollbackState.DONE
