"""Guards at work: who stops what, how it is overridden, and that nothing waits for ever."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.docket import Candidate, Docket
from chalicelib.domain.errors import InvalidInputError, RefusedError
from chalicelib.domain.expire_plan import Verdict
from chalicelib.domain.guards import Bounds, Guard
from chalicelib.domain.plans import parse_plans
from chalicelib.domain.point_tags import HOLD
from chalicelib.domain.report import Result, RunReport
from chalicelib.jobs import expire as expire_job
from chalicelib.jobs.judging import Judge
from chalicelib.jobs.lineages import Terms, decide
from tests.fakes.cloud import HOME, Cloud
from tests.fakes.place import FakeImage, FakeMachine
from tests.jobs.scenes import (
    BRIEF,
    QUARANTINE,
    SCHEDULES,
    TERMS,
    changes,
    expire,
    hours,
    images_of,
    reason,
    retagged,
    tick,
    told,
)

USUAL = replace(TERMS, schedules=replace(SCHEDULES, book=parse_plans("")))
"""With the bounds that operators get."""


class Fleet:
    """A machine with six hourly points, of which its retention keeps the last two."""

    def __init__(self) -> None:
        """Take the points."""
        self.cloud = Cloud()
        self.web = self.cloud.add_machine(BRIEF)
        hours(self.cloud, 6)
        self.images: list[FakeImage] = images_of(self.cloud)

    def look(self, terms: Terms = TERMS) -> RunReport:
        """One run of expiry."""
        return expire(self.cloud, terms)

    def disabled(self) -> list[str]:
        """What has had its first look."""
        return [i.image_id for i in images_of(self.cloud) if i.disabled]


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def guard_of(report: RunReport, image: FakeImage | str) -> str:
    """The guards named on the line about an image or region."""
    subject = image if isinstance(image, str) else image.image_id
    [line] = [o for o in report.outcomes if o.subject == subject]
    return line.details.get("guard", "")


def _locked(cloud: Cloud, image: FakeImage) -> None:
    cloud.home.locked.add(image.snapshots[1].snapshot_id)


def _archived(cloud: Cloud, image: FakeImage) -> None:
    cloud.home.archived.add(image.snapshots[0].snapshot_id)


def _protected(cloud: Cloud, image: FakeImage) -> None:
    image.protection = "enabled-without-cooldown"


def _public(cloud: Cloud, image: FakeImage) -> None:
    image.public = True


def _shared(cloud: Cloud, image: FakeImage) -> None:
    cloud.home.shares[image.image_id] = ("111122223333",)


def _snapshot_shared(cloud: Cloud, image: FakeImage) -> None:
    cloud.home.shares[image.snapshots[0].snapshot_id] = ("111122223333",)


def _managed(cloud: Cloud, image: FakeImage) -> None:
    image.tags["aws:backup:source-resource"] = "arn"


def _snapshot_managed(cloud: Cloud, image: FakeImage) -> None:
    cloud.home.snapshots[image.snapshots[1].snapshot_id].tags["dlm:managed"] = "true"


def _configured(cloud: Cloud, image: FakeImage) -> None:
    cloud.home.launchers[image.image_id] = ("launch configuration web",)


def _referred(cloud: Cloud, image: FakeImage) -> None:
    cloud.home.references[image.image_id] = ("arn:aws:ssm:eu-west-1:1:parameter/golden",)


def _held(cloud: Cloud, image: FakeImage) -> None:
    image.tags[HOLD] = "forever"


def _unsealed(cloud: Cloud, image: FakeImage) -> None:
    row = cloud.catalogue.rows[HOME, image.name]
    cloud.catalogue.rows[HOME, image.name] = replace(row, seal="")


HOSTILE: dict[str, tuple[Callable[[Cloud, FakeImage], None], str]] = {
    "locked": (_locked, "locked"),
    "archived": (_archived, "archived"),
    "protected": (_protected, "protected"),
    "public": (_public, "shared"),
    "shared": (_shared, "shared"),
    "snapshot-shared": (_snapshot_shared, "shared"),
    "managed": (_managed, "managed-elsewhere"),
    "snapshot-managed": (_snapshot_managed, "managed-elsewhere"),
    "configured": (_configured, "in-use"),
    "referred": (_referred, "in-use"),
    "held": (_held, ""),
    "unsealed": (_unsealed, "ownership"),
}


# Nobody can share a disabled image.
@pytest.mark.parametrize(
    ("how", "late"),
    [(how, late) for how in HOSTILE for late in (False, True) if not (late and "share" in how)],
)
def test_F43_what_something_else_needs_is_touched_on_neither_look(
    fleet: Fleet, how: str, late: bool
) -> None:
    spoil, guard = HOSTILE[how]
    victim = fleet.images[1]
    if late:
        fleet.look()
    spoil(fleet.cloud, victim)

    reports = [fleet.look()]
    for _ in range(2):
        fleet.cloud.clock.advance(QUARANTINE)
        reports.append(fleet.look())

    assert victim.image_id in fleet.cloud.home.images
    assert {s.snapshot_id for s in victim.snapshots} <= set(fleet.cloud.home.snapshots)
    assert victim.disabled is (late and how != "held")
    assert guard in guard_of(reports[-1], victim)
    assert fleet.images[0].image_id not in fleet.cloud.home.images


@pytest.mark.parametrize(
    "call",
    [
        "launchers.images",
        "images.locked_snapshots",
        "images.snapshot_states",
        "images.references",
        "instances.using_images",
        "images.shared_with",
        "catalogue.leases",
    ],
)
def test_F41_F42_every_look_up_that_fails_means_in_use(fleet: Fleet, call: str) -> None:
    fleet.cloud.wire.deny(call)

    report = fleet.look()

    assert fleet.disabled() == []
    assert "in use by somebody perhaps" in reason(report, fleet.images[0].image_id)
    assert not report.ok, "F29: retention that is stuck has to be seen"
    assert "could not be looked up" in reason(report, HOME)


def test_F43_a_snapshot_shared_between_the_looks_is_not_deleted(fleet: Fleet) -> None:
    """EC2 drops an image's permissions when it is disabled; a snapshot's come and go freely."""
    fleet.look()
    victim = fleet.images[0]
    fleet.cloud.home.shares[victim.snapshots[0].snapshot_id] = ("222233334444",)
    fleet.cloud.clock.advance(QUARANTINE)

    report = fleet.look()

    assert victim.image_id in fleet.cloud.home.images
    assert "it is shared with 222233334444" in reason(report, victim.image_id)


def test_F34_second_looks_that_find_no_time_are_left_to_the_next_run(fleet: Fleet) -> None:
    fleet.look()
    fleet.cloud.clock.advance(QUARANTINE)

    hasty = expire(fleet.cloud, keep_going=lambda: False)
    fleet.look()

    assert (fleet.images[0].image_id, "expire", "pending") in told(hasty)
    assert len(images_of(fleet.cloud)) == 2


def test_I3_the_newest_is_guarded_even_if_a_decision_let_it_go(fleet: Fleet) -> None:
    """The guards share no code with the decision: here is one that would be wrong."""
    decisions = decide(fleet.cloud.site, TERMS, fleet.cloud.now)
    [machine] = decisions.machines
    wrong = [
        Candidate(point=p, record=decisions.inventory.records[p.name], wanted=Verdict.QUARANTINE)
        for p in machine.points
    ]
    docket = Docket(Bounds(lineage_percent=100), {machine.lineage: 6})
    said = Judge(fleet.cloud.site, docket, (), fleet.cloud.now).judge(wrong, [machine], {})

    guards = [said.stops[i.image_id][0].guard for i in fleet.images if i.image_id in said.stops]
    assert guards == [Guard.FLOOR, Guard.NEWEST]


def test_F44_groups_that_name_no_image_stop_nothing(fleet: Fleet) -> None:
    fleet.cloud.home.launchers["ami-0fffffffffffffff0"] = ("Auto Scaling group web",)

    fleet.look()

    assert len(fleet.disabled()) == 4


def test_F41_users_that_were_there_and_all_vanished_stop_one_run(fleet: Fleet) -> None:
    _referred(fleet.cloud, fleet.images[0])
    fleet.look()
    fleet.cloud.home.references.clear()

    fleet.cloud.clock.advance(QUARANTINE)
    doubted = fleet.look()
    fleet.cloud.advance(hours=1)
    believed = fleet.look()

    assert guard_of(doubted, HOME) == "lost-users"
    assert told(doubted, Result.DONE) == []
    assert (fleet.images[0].image_id, "quarantine", "done") in told(believed)


@pytest.mark.parametrize("jump", [timedelta(days=3), timedelta(hours=-2)])
def test_I7_an_odd_clock_stops_one_run_and_is_red(fleet: Fleet, jump: timedelta) -> None:
    fleet.look()
    fleet.cloud.clock.advance(jump)

    with fleet.cloud.wire.recording() as calls:
        doubted = fleet.look()
    fleet.cloud.clock.advance(QUARANTINE + timedelta(hours=2))
    believed = fleet.look()

    assert guard_of(doubted, HOME) == "clock"
    assert not doubted.ok
    assert {c.partition("(")[0] for c in changes(calls)} == {"catalogue.put_memory"}
    assert sum(a == "deregister" for _, a, _ in told(believed)) == 4


def test_I7_a_clock_that_jumped_ahead_has_waited_for_no_second_look(fleet: Fleet) -> None:
    """Two runs agree on the wrong year; the day between the looks has yet to pass."""
    fleet.look()
    fleet.cloud.clock.advance(timedelta(days=26_000))
    fleet.look()
    fleet.cloud.clock.advance(timedelta(hours=1))

    early = fleet.look()
    fleet.cloud.clock.advance(QUARANTINE)
    late = fleet.look()

    assert [a for _, a, _ in told(early) if a == "deregister"] == []
    assert "deleted in 23.0 h" in reason(early, fleet.images[0].image_id)
    assert (fleet.images[0].image_id, "deregister", "done") in told(late)


def test_a_tag_that_can_not_be_read_deletes_nothing_of_its_machine(fleet: Fleet) -> None:
    db = fleet.cloud.add_machine(BRIEF)
    hours(fleet.cloud, 4)
    retagged(fleet.web, snapback__retain="daily=many")

    report = fleet.look()

    assert guard_of(report, fleet.images[0]) == "bad-tags"
    assert "daily=many" in reason(report, fleet.images[0].image_id)
    assert set(fleet.disabled()) <= {i.image_id for i in images_of(fleet.cloud, db)}
    assert fleet.disabled()


def _three_machines(cloud: Cloud) -> list[FakeMachine]:
    machines = [cloud.add_machine(BRIEF) for _ in range(3)]
    hours(cloud, 4)
    return machines


def test_F67_when_many_lose_their_tag_at_once_their_points_stay_for_a_week() -> None:
    cloud = Cloud()
    bare = _three_machines(cloud)[:2]
    expire(cloud, replace(TERMS, quarantine=timedelta(days=30)))
    for machine in bare:
        retagged(machine, snapback__plan=None, snapback__retain=None)
    reports = []
    for _ in range(6):
        cloud.clock.advance(QUARANTINE)
        report = expire(cloud)
        reports.append(report)
        about = [i for m in bare for i in images_of(cloud, m)]
        assert len(about) == 8
        assert all("lost-tags" in guard_of(report, i) for i in about[:2] if i.disabled)
    for _ in range(3):
        cloud.clock.advance(QUARANTINE)
        expire(cloud)

    assert [r.ok for r in reports] == [False, *[True] * 5]
    assert "2 of 3 instances lost their plan tag" in reason(reports[0], HOME)
    assert [len(images_of(cloud, m)) for m in bare] == [2, 2]


def test_machines_that_are_gone_have_lost_no_tag() -> None:
    cloud = Cloud()
    machines = _three_machines(cloud)
    expire(cloud)
    for machine in machines:
        cloud.home.kill(machine.id)
    cloud.clock.advance(QUARANTINE)

    report = expire(cloud)

    assert sum(a == "deregister" for _, a, _ in told(report)) == 6


@pytest.mark.parametrize("denied", [False, True])
def test_I2_while_nobody_can_tell_that_a_machine_is_gone_its_floor_is_two(
    fleet: Fleet, denied: bool
) -> None:
    for image in fleet.images:
        image.tags["snapback:retain"] = "within=1h"
        row = fleet.cloud.catalogue.rows[HOME, image.name]
        row = replace(row, retain="within=1h", seal="")
        point = next(p for p in fleet.cloud.region().images.points() if p.name == row.name)
        fleet.cloud.catalogue.rows[HOME, image.name] = replace(row, seal=row.seal_of(point))
    fleet.cloud.home.kill(fleet.web.id)
    fleet.cloud.home.machines.clear()
    if denied:
        fleet.cloud.wire.deny("instances.find")

    report = fleet.look()

    assert len(fleet.disabled()) == (4 if denied else 5)
    why = reason(report, fleet.images[5].image_id)
    assert denied or "newest usable point" in why


def test_a_bare_machine_whose_frozen_retention_can_not_be_read_keeps_everything(
    fleet: Fleet,
) -> None:
    retagged(fleet.web, snapback__plan=None, snapback__retain=None)
    image = fleet.images[5]
    image.tags["snapback:retain"] = "?"
    row = replace(fleet.cloud.catalogue.rows[HOME, image.name], retain="?")
    point = next(p for p in fleet.cloud.region().images.points() if p.name == row.name)
    fleet.cloud.catalogue.rows[HOME, image.name] = replace(row, seal=row.seal_of(point))

    report = fleet.look()

    assert "can not be read" in reason(report, image.image_id)
    assert image.image_id not in fleet.disabled()


def test_I7_L5_one_run_takes_a_quarter_and_the_next_ones_the_rest(fleet: Fleet) -> None:
    taken = []
    for _ in range(8):
        report = fleet.look(USUAL)
        taken.append(sum(a == "quarantine" for _, a, _ in told(report, Result.DONE)))
        fleet.cloud.advance(hours=1)

    assert taken == [1, 1, 1, 1, 0, 0, 0, 0]
    left = fleet.look(USUAL)
    assert not told(left, Result.FAILED)


def test_L5_ticks_and_expiry_within_the_usual_bounds_settle_on_what_the_retention_says() -> None:
    cloud = Cloud()
    cloud.add_machine(BRIEF)
    for _ in range(60):
        tick(cloud)
        cloud.advance(minutes=10)
        tick(cloud)
        expire(cloud, USUAL)
        cloud.advance(minutes=50)

    available = [i for i in images_of(cloud) if not i.disabled]
    assert len(available) == 2
    assert len(images_of(cloud)) <= 2 + 25


def test_a_bound_says_so_and_leaves_the_run_green(fleet: Fleet) -> None:
    report = fleet.look(USUAL)

    assert fleet.disabled() == [fleet.images[0].image_id]
    assert guard_of(report, fleet.images[1]) == "lineage-share"
    assert (fleet.images[1].image_id, "expire", "pending") in told(report)
    assert report.ok


def test_I7_fifty_of_a_region_in_one_run_whatever_stands_before_them() -> None:
    """What is in use takes no place from what may go, and what may wait is not looked up."""
    cloud = Cloud()
    for _ in range(20):
        cloud.add_machine(BRIEF)
    hours(cloud, 6)
    for image in images_of(cloud)[:10]:
        cloud.home.references[image.image_id] = ("lt-1",)

    with cloud.wire.recording() as calls:
        report = expire(cloud)
    done = sum(a == "quarantine" for _, a, _ in told(report, Result.DONE))
    for waited in (1, 24, 1):
        cloud.advance(hours=waited)
        expire(cloud)

    assert done == 50
    asked = [c.arguments[0] for c in calls if c.name == "images.references"]
    assert sum(len(a) for a in asked if isinstance(a, list)) <= 50 + 10
    assert len([c for c in calls if c.name == "images.tag"]) == 1
    assert len(images_of(cloud)) == 20 * 2 + 10


def plan_digest(fleet: Fleet, terms: Terms = USUAL) -> str:
    return expire_job.preview(fleet.cloud.sites, terms, fleet.cloud.now).digest


def overriding(fleet: Fleet, *guards: Guard, digest: str | None = None) -> Terms:
    named = plan_digest(fleet) if digest is None else digest
    return replace(USUAL, overrides=frozenset(guards), digest=named)


def test_an_operator_overrides_a_soft_guard_for_exactly_the_plan_that_was_read(
    fleet: Fleet,
) -> None:
    """What else changed in the meantime is another plan."""
    terms = overriding(fleet, Guard.LINEAGE_SHARE)
    done = fleet.look(terms)

    assert len(fleet.disabled()) == 4
    assert sum(a == "quarantine" for _, a, _ in told(done)) == 4
    with pytest.raises(RefusedError, match="the plan has changed"):
        fleet.look(terms)


def test_an_override_of_a_bound_still_asks_every_other_guard(fleet: Fleet) -> None:
    _shared(fleet.cloud, fleet.images[2])
    _referred(fleet.cloud, fleet.images[3])

    fleet.look(overriding(fleet, Guard.LINEAGE_SHARE))

    assert fleet.disabled() == [i.image_id for i in fleet.images[:2]]


def test_a_shared_point_goes_when_an_operator_says_so(fleet: Fleet) -> None:
    _shared(fleet.cloud, fleet.images[0])

    fleet.look(overriding(fleet, Guard.SHARED))

    assert fleet.images[0].image_id in fleet.disabled()


@pytest.mark.parametrize("guard", [g for g in Guard if g.is_hard])
def test_nothing_overrides_a_hard_guard(fleet: Fleet, guard: Guard) -> None:
    with pytest.raises(RefusedError, match="nothing overrides the guard"):
        fleet.look(overriding(fleet, guard))

    assert fleet.disabled() == []


def test_an_override_without_a_digest_is_no_override(fleet: Fleet) -> None:
    with pytest.raises(InvalidInputError, match="--override needs --digest"):
        fleet.look(overriding(fleet, Guard.CLOCK, digest=""))


def test_a_digest_alone_applies_the_plan_that_was_read(fleet: Fleet) -> None:
    digest = plan_digest(fleet, TERMS)
    fleet.look(replace(TERMS, digest=digest))

    assert len(fleet.disabled()) == 4


def test_a_region_that_can_not_be_read_makes_no_plan_to_name(fleet: Fleet) -> None:
    fleet.cloud.wire.deny("images.points")

    read = expire_job.preview(fleet.cloud.sites, USUAL, fleet.cloud.now)

    assert (read.plans, read.unread, read.digest) == ((), (HOME,), "")
    assert not read.report.ok


def test_the_plan_says_of_every_point_what_becomes_of_it_and_how_large_it_is(
    fleet: Fleet,
) -> None:
    _locked(fleet.cloud, fleet.images[0])
    fleet.look()
    fleet.cloud.clock.advance(QUARANTINE - timedelta(hours=1))

    [plan] = expire_job.preview(fleet.cloud.sites, TERMS, fleet.cloud.now).plans
    [machine] = plan.machines

    assert [line.verdict for line in machine.lines] == [
        *[Verdict.KEEP] * 2, *[Verdict.WAIT] * 3, Verdict.STOPPED,
    ]  # fmt: skip
    assert plan.totals.gib == {"keep": 216, "wait": 324, "stopped": 108}
    assert plan.guards == (Guard.LOCKED,)
    assert machine.label == f"{fleet.web.id} (web)"
    shown = plan.as_json()
    assert shown["digest"] == plan.digest
    assert "unlock the snapshot" in str(shown["machines"])


def test_F65_a_value_with_wildcards_selects_nothing_more(fleet: Fleet) -> None:
    """Marks are read again in code: equality decides, not the filter."""
    stranger = fleet.cloud.add_image(fleet.images[0].name.replace("1200", "1201"), {})
    stranger.tags.update({**fleet.images[0].tags, "snapback:managed-by": "snapback/te*t"})

    for _ in range(3):
        fleet.look()
        fleet.cloud.clock.advance(QUARANTINE)

    assert stranger.image_id in fleet.cloud.home.images
    assert not stranger.disabled


def test_F56_machines_whose_ids_contain_each_other_are_two() -> None:
    cloud = Cloud()
    short, long = cloud.add_machine(BRIEF), cloud.add_machine(BRIEF)
    long.configuration = replace(long.configuration, instance_id=short.id[:-3])
    cloud.home.machines = {m.id: m for m in (short, long)}
    hours(cloud, 3)

    report = expire(cloud)

    assert sum(a == "quarantine" for _, a, _ in told(report)) == 2


def test_F52_all_snapshots_of_a_machine_with_many_volumes_go_and_no_others(fleet: Fleet) -> None:
    for _ in range(3):
        fleet.look()
        fleet.cloud.clock.advance(QUARANTINE)

    left = {s.snapshot_id for i in images_of(fleet.cloud) for s in i.snapshots}
    assert set(fleet.cloud.home.snapshots) == left
    assert len(left) == 4
