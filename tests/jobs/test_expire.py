"""Expiry: two looks, and every reason not to delete."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import InvalidInputError, SnapbackError
from chalicelib.domain.image import DeleteCode
from chalicelib.domain.point_tags import HOLD, LINEAGE, MANAGED_BY, QUARANTINED_AT, STATE
from chalicelib.domain.records import InstanceRecord, Role, Stage
from chalicelib.domain.report import Result, RunReport
from chalicelib.domain.retention import parse_retention
from chalicelib.jobs import backup
from chalicelib.jobs.rollback import commands
from tests.fakes.cloud import AWAY, HOME, Cloud
from tests.fakes.place import FakeImage, FakeMachine
from tests.jobs.scenes import (
    BRIEF,
    QUARANTINE,
    TERMS,
    changes,
    desk,
    expire,
    hours,
    images_of,
    reason,
    request,
    retagged,
    settled,
    tick,
    told,
)


class Old:
    """A machine with four hourly points, of which its retention keeps the last two."""

    def __init__(self) -> None:
        """Take the points."""
        self.cloud = Cloud()
        self.web = self.cloud.add_machine(BRIEF)
        hours(self.cloud, 4)
        self.images: list[FakeImage] = images_of(self.cloud)

    @property
    def ids(self) -> list[str]:
        """The images that are still registered."""
        return [i.image_id for i in images_of(self.cloud)]

    def look(self) -> RunReport:
        """One run of expiry."""
        return expire(self.cloud)

    def second_look(self) -> RunReport:
        """A run of expiry a whole quarantine later."""
        self.cloud.clock.advance(QUARANTINE)
        return expire(self.cloud)


@pytest.fixture
def old() -> Old:
    return Old()


def snapshots_of(image: FakeImage) -> list[str]:
    return [s.snapshot_id for s in image.snapshots]


def test_the_first_look_disables_and_stamps_and_deletes_nothing(old: Old) -> None:
    report = old.look()

    first, second, third, fourth = old.images
    now = old.cloud.now
    assert told(report, Result.DONE) == [
        (second.image_id, "quarantine", "done"),
        (first.image_id, "quarantine", "done"),
    ]
    assert [i.state(now) for i in old.images] == [
        "disabled",
        "disabled",
        "available",
        "available",
    ]
    assert first.tags[QUARANTINED_AT] == now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert first.tags[STATE] == "quarantined"
    assert len(old.cloud.home.snapshots) == 8
    row = old.cloud.catalogue.rows[HOME, first.name]
    assert (row.stage, row.quarantined_at) == (Stage.QUARANTINED, now)
    assert third.image_id in old.ids
    assert "kept: newest usable point; last 1/2" in reason(report, fourth.image_id)


def test_every_point_has_a_reason_kept_ones_too(old: Old) -> None:
    report = old.look()

    assert {o.subject for o in report.outcomes} == set(old.ids)
    assert all(o.reason for o in report.outcomes)


@pytest.mark.parametrize("waited", [timedelta(0), QUARANTINE - timedelta(seconds=1)])
def test_nothing_is_deleted_before_the_quarantine_is_over(old: Old, waited: timedelta) -> None:
    old.look()

    old.cloud.clock.advance(waited)
    report = old.look()

    assert len(old.ids) == 4
    assert "quarantined; deleted in" in reason(report, old.images[0].image_id)


def test_the_second_look_deregisters_with_every_snapshot(old: Old) -> None:
    """F52: the data volumes' snapshots go, too."""
    old.look()

    report = old.second_look()

    gone = old.images[:2]
    assert old.ids == [i.image_id for i in old.images[2:]]
    assert set(old.cloud.home.snapshots) == {
        s for image in old.images[2:] for s in snapshots_of(image)
    }
    deleted = {s for s, a, r in told(report) if (a, r) == ("delete", "done")}
    assert deleted == {s for image in gone for s in snapshots_of(image)}
    assert {name for _, name in old.cloud.catalogue.rows} == {i.name for i in old.images[2:]}


def test_two_runs_with_nothing_to_do_change_nothing(old: Old) -> None:
    old.look()
    old.second_look()

    with old.cloud.wire.recording() as calls:
        for _ in range(2):
            old.cloud.advance(hours=1)
            assert old.look().ok

    assert changes(calls) == []


def test_without_apply_nothing_changes_and_both_looks_are_foretold(old: Old) -> None:
    terms = replace(TERMS, apply=False)

    with old.cloud.wire.recording() as first_calls:
        first = expire(old.cloud, terms)
    old.look()
    old.cloud.clock.advance(QUARANTINE)
    with old.cloud.wire.recording() as second_calls:
        second = expire(old.cloud, terms)

    image = old.images[0].image_id
    assert (changes(first_calls), changes(second_calls)) == ([], [])
    assert reason(first, image).startswith("would be quarantined: no rule keeps it")
    assert reason(second, image).startswith("would be deleted: no rule keeps it")


def test_one_lineage_alone_is_expired_on_request(old: Old) -> None:
    db = old.cloud.add_machine(BRIEF)
    hours(old.cloud, 4)

    report = expire(old.cloud, replace(TERMS, lineage=db.id))

    assert {o.subject for o in report.outcomes} == {i.image_id for i in images_of(old.cloud, db)}
    assert all(i.state(old.cloud.now) == "available" for i in images_of(old.cloud, old.web))


def test_F61_the_report_is_the_difference_of_the_worlds(old: Old) -> None:
    old.look()
    shared = old.images[1].snapshots[1]
    old.cloud.add_image("golden", {}, snapshots=(shared,))
    before = {*old.ids, *old.cloud.home.snapshots}

    report = old.second_look()

    after = {*old.ids, *old.cloud.home.snapshots}
    said = {s for s, a, r in told(report) if r == "done" and a in ("deregister", "delete")}
    assert said == before - after
    assert shared.snapshot_id in after
    assert (shared.snapshot_id, "delete", "skipped") in told(report)


@pytest.mark.parametrize("call", ["images.points", "instances.tagged", "catalogue.points"])
def test_F41_a_look_that_is_denied_deletes_nothing(old: Old, call: str) -> None:
    old.look()
    old.cloud.wire.deny(call)

    with old.cloud.wire.recording() as calls:
        report = old.second_look()

    assert changes(calls) == []
    assert told(report) == [(HOME, "expire", "failed")]
    assert "nothing is deleted in this region" in reason(report, HOME)


@pytest.mark.parametrize("call", ["instances.using_images", "images.references"])
def test_F41_F42_an_in_use_look_up_that_fails_means_everything_is_in_use(
    old: Old, call: str
) -> None:
    old.look()
    old.cloud.wire.deny(call)

    report = old.second_look()

    assert len(old.ids) == 4
    assert "in use by somebody perhaps" in reason(report, old.images[0].image_id)


def test_F41_an_empty_listing_deletes_nothing_and_is_red(old: Old) -> None:
    old.look()
    old.cloud.home.blind = True

    report = old.second_look()
    again = old.look()

    old.cloud.home.blind = False
    assert told(report) == told(again) == [(HOME, "expire", "failed")]
    assert "the listing lacks 4 of 4" in reason(report, HOME)
    assert len(old.ids) == 4
    assert len(old.cloud.catalogue.rows) == 4


def test_F42_a_listing_that_lacks_many_points_deletes_nothing(old: Old) -> None:
    old.look()
    old.cloud.home.hidden = {i.image_id for i in old.images[2:]}

    report = old.second_look()

    assert told(report, Result.FAILED) == [(HOME, "expire", "failed")]
    assert len(old.ids) == 4
    assert not [c for c in old.cloud.wire.history if c.name == "images.deregister"]


def test_a_broken_listing_changes_nothing_on_a_dry_run(old: Old) -> None:
    old.cloud.home.blind = True

    with old.cloud.wire.recording() as calls:
        expire(old.cloud, replace(TERMS, apply=False))

    assert changes(calls) == []


def test_points_missing_for_a_whole_quarantine_were_deregistered_by_somebody(old: Old) -> None:
    """Their snapshots, which the row remembers, go with the row: nobody else will clean up."""
    lost = old.images[:2]
    for image in lost:
        del old.cloud.home.images[image.image_id]

    first = old.look()
    report = old.second_look()

    assert told(first, Result.FAILED) == [(HOME, "expire", "failed")]
    assert [(i.image_id, "forget", "done") in told(report) for i in lost] == [True, True]
    assert not {s for i in lost for s in snapshots_of(i)} & set(old.cloud.home.snapshots)
    assert {name for _, name in old.cloud.catalogue.rows} == {i.name for i in old.images[2:]}


def test_one_point_missing_once_and_shown_again_is_not_forgotten(old: Old) -> None:
    image = old.images[3]
    old.cloud.home.hidden = {image.image_id}
    old.look()
    old.cloud.home.hidden = set()
    old.second_look()

    old.cloud.home.hidden = {image.image_id}
    old.look()

    old.cloud.home.hidden = set()
    assert image.image_id in old.ids
    assert (HOME, image.name) in old.cloud.catalogue.rows


def test_F43_an_image_in_use_is_not_even_disabled(old: Old) -> None:
    first, second = old.images[:2]
    template = "arn:aws:ec2:eu-west-1:1:launch-template/lt-1"
    old.cloud.home.references[first.image_id] = (template,)
    user = old.cloud.add_machine({}, image_id=second.image_id)

    report = old.look()

    assert told(report, Result.DONE) == []
    assert reason(report, first.image_id) == f"in use by {template}"
    assert reason(report, second.image_id) == f"in use by {user.id}"


def test_F43_an_image_that_came_into_use_during_its_quarantine_stays(old: Old) -> None:
    old.look()
    image = old.images[0]
    old.cloud.home.references[image.image_id] = ("arn:parameter",)

    report = old.second_look()

    assert image.image_id in old.ids
    assert reason(report, image.image_id) == "in use by arn:parameter"


def test_F68_a_held_point_is_untouched_on_either_look(old: Old) -> None:
    first, second = old.images[:2]
    first.tags[HOLD] = "forever"

    old.look()
    second.tags[HOLD] = ""
    report = old.second_look()

    assert len(old.ids) == 4
    assert [i.state(old.cloud.now) for i in (first, second)] == ["available", "available"]
    assert (second.image_id, "release", "done") in told(report)


def test_a_hold_that_has_run_out_holds_no_more(old: Old) -> None:
    image = old.images[0]
    image.tags[HOLD] = "2026-11-24T00:00Z"

    held = old.look()
    later = old.second_look()

    assert "held until 2026-11-24T00:00Z" in reason(held, image.image_id)
    assert (image.image_id, "quarantine", "done") in told(later)


def test_F50_F59_a_snapshot_that_another_image_uses_stays(old: Old) -> None:
    """EC2 would let a data volume's snapshot go: it must not even be tried."""
    old.look()
    shared = old.images[0].snapshots
    golden = old.cloud.add_image("golden", {}, snapshots=shared)

    report = old.second_look()

    assert {s.snapshot_id for s in shared} <= set(old.cloud.home.snapshots)
    assert all((s.snapshot_id, "delete", "skipped") in told(report) for s in shared)
    assert report.ok
    old.cloud.advance(hours=1)
    old.look()
    again = old.look()
    assert {s.snapshot_id for s in shared} <= set(old.cloud.home.snapshots)
    assert f"{golden.image_id} is built on it" in reason(again, shared[1].snapshot_id)


def test_F51_a_shared_snapshot_goes_once_the_other_image_is_gone(old: Old) -> None:
    old.look()
    shared = old.images[0].snapshots
    golden = old.cloud.add_image("golden", {}, snapshots=shared)
    old.second_look()

    del old.cloud.home.images[golden.image_id]
    old.cloud.advance(hours=1)
    old.look()

    assert not {s.snapshot_id for s in shared} & set(old.cloud.home.snapshots)
    assert len(old.cloud.catalogue.rows) == 2


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (DeleteCode.SKIPPED, "skipped"),
        (DeleteCode.MISSING_PERMISSIONS, "failed"),
        (DeleteCode.INTERNAL_ERROR, "pending"),
        (DeleteCode.CLIENT_ERROR, "failed"),
        (DeleteCode.UNKNOWN, "failed"),
    ],
)
def test_what_ec2_says_of_each_snapshot_is_acted_upon(
    old: Old, code: DeleteCode, result: str
) -> None:
    """The leftover is remembered and deleted by the next run that can."""
    old.look()
    left = old.images[0].snapshots[1].snapshot_id
    old.cloud.home.codes[left] = code

    report = old.second_look()
    remembered = old.cloud.catalogue.rows[HOME, old.images[0].name]
    old.cloud.advance(hours=1)
    again = old.look()

    assert (left, "delete", result) in told(report)
    assert [s.snapshot_id for s in remembered.snapshots] == [left]
    assert (left, "delete", "done") in told(again)
    assert left not in old.cloud.home.snapshots
    assert (HOME, old.images[0].name) not in old.cloud.catalogue.rows


def test_a_snapshot_that_ec2_says_nothing_of_is_deleted_apart(old: Old) -> None:
    old.look()
    silent = old.images[0].snapshots[1].snapshot_id
    old.cloud.home.codes[silent] = None

    report = old.second_look()

    assert (silent, "delete", "done") in told(report)
    assert silent not in old.cloud.home.snapshots


def test_a_leftover_that_ec2_finds_in_use_is_kept_for_later(old: Old) -> None:
    """Another image uses it that no listing shows."""
    old.look()
    root = old.images[0].snapshots[0]
    golden = old.cloud.add_image("golden", {}, snapshots=(root,))
    old.cloud.home.hidden = {golden.image_id}
    old.second_look()

    report = old.look()

    assert (root.snapshot_id, "delete", "skipped") in told(report)
    assert "EC2 says it is in use" in reason(report, root.snapshot_id)
    assert (HOME, old.images[0].name) in old.cloud.catalogue.rows


def test_a_leftover_that_may_not_be_deleted_turns_every_run_red(old: Old) -> None:
    old.look()
    left = old.images[0].snapshots[0].snapshot_id
    old.cloud.home.codes[left] = DeleteCode.INTERNAL_ERROR
    old.second_look()
    old.cloud.wire.deny("images.delete_snapshot")

    report = old.look()

    assert (left, "delete", "failed") in told(report)
    assert (HOME, old.images[0].name) in old.cloud.catalogue.rows


def test_a_leftover_that_is_gone_already_is_forgotten(old: Old) -> None:
    old.look()
    left = old.images[0].snapshots[0].snapshot_id
    old.cloud.home.codes[left] = DeleteCode.INTERNAL_ERROR
    old.second_look()
    del old.cloud.home.snapshots[left]

    report = old.look()

    assert (left, "delete", "already") in told(report)
    assert (HOME, old.images[0].name) not in old.cloud.catalogue.rows


def _other_deployment(cloud: Cloud, web: FakeMachine) -> FakeImage:
    tags = {MANAGED_BY: "snapback/other", LINEAGE: web.id}
    return cloud.add_image(f"snapback/{web.id}/scheduled/20200101T0000Z", tags)


def _no_row(cloud: Cloud, web: FakeMachine) -> FakeImage:
    newest = images_of(cloud, web)[-1]
    tags = {**newest.tags, "snapback:slot": "2020-01-01T00:00Z"}
    name = f"snapback/{web.id}/scheduled/20200101T0000Z"
    return cloud.add_image(name, tags, source_instance=web.id)


def _other_account(cloud: Cloud, web: FakeMachine) -> FakeImage:
    newest = images_of(cloud, web)[-1]
    name = f"snapback/{web.id}/scheduled/20200101T0000Z"
    return cloud.add_image(name, newest.tags, source_instance=web.id, owned=False)


def _other_source(cloud: Cloud, web: FakeMachine) -> FakeImage:
    newest = images_of(cloud, web)[-1]
    name = f"snapback/{web.id}/scheduled/20200101T0000Z"
    return cloud.add_image(name, newest.tags, source_instance="i-0bad0bad0bad0bad0")


@pytest.mark.parametrize("forge", [_other_deployment, _no_row, _other_account, _other_source])
def test_F47_F55_a_look_alike_is_neither_deleted_nor_counted(
    old: Old, forge: Callable[[Cloud, FakeMachine], FakeImage]
) -> None:
    stranger = forge(old.cloud, old.web)

    old.look()
    old.second_look()
    old.second_look()

    assert stranger.image_id in old.cloud.home.images
    assert stranger.state(old.cloud.now) == "available"
    assert set(snapshots_of(stranger)) <= set(old.cloud.home.snapshots)
    assert [i.image_id for i in old.images[2:]] == [i for i in old.ids if i != stranger.image_id]


EDITS = {
    "retention": {"snapback:retain": "last=1"},
    "lineage": {LINEAGE: "i-0bad0bad0bad0bad0"},
    "instance": {"snapback:instance": "i-0bad0bad0bad0bad0"},
    "kind": {"snapback:kind": "manual"},
    "slot": {"snapback:slot": "2020-01-01T00:00Z"},
    "manifest": {"snapback:manifest": "0" * 32},
}


@pytest.mark.parametrize("edited", EDITS, ids=str)
@pytest.mark.parametrize("which", [0, 3], ids=["oldest", "newest"])
def test_edited_tags_are_never_obeyed(old: Old, edited: str, which: int) -> None:
    """I9: neither to delete what was to stay, nor to make others the newest."""
    image = old.images[which]
    image.tags.update(EDITS[edited])

    first = old.look()
    old.second_look()

    assert image.image_id in old.ids
    assert "not trusted, left alone" in reason(first, image.image_id)
    assert len(old.ids) >= 2


@pytest.mark.parametrize("key", ["snapback:slot", "snapback:keep-until", QUARANTINED_AT, STATE])
@pytest.mark.parametrize("text", ["", "yesterday", "2026-99-99", "\N{FULLWIDTH DIGIT SEVEN}"])
def test_F54_a_tag_that_can_not_be_read_keeps_its_image_and_stops_no_other(
    old: Old, key: str, text: str
) -> None:
    first, second = old.images[:2]
    first.tags[key] = text

    report = old.look()
    old.second_look()

    assert (second.image_id, "quarantine", "done") in told(report)
    assert second.image_id not in old.ids
    if key in ("snapback:slot",) or text:
        assert first.image_id in old.ids


def test_an_image_enabled_by_hand_in_quarantine_is_not_deleted_on_the_second_look(
    old: Old,
) -> None:
    old.look()
    old.images[0].disabled = False

    report = old.second_look()

    assert old.images[0].image_id in old.ids
    assert old.images[1].image_id not in old.ids
    assert (old.images[0].image_id, "quarantine", "done") in told(report)


def test_a_tick_takes_the_stamp_off_an_image_that_was_enabled_by_hand(old: Old) -> None:
    """Else a later quarantine would find a first look that was long ago."""
    old.look()
    image = old.images[0]
    image.disabled = False

    tick(old.cloud)

    row = old.cloud.catalogue.rows[HOME, image.name]
    assert (image.tags[STATE], QUARANTINED_AT in image.tags) == ("usable", False)
    assert (row.stage, row.quarantined_at) == (Stage.SETTLED, None)


def test_an_image_disabled_by_hand_is_left_alone(old: Old) -> None:
    image = old.images[0]
    image.disabled = True

    old.look()
    report = old.second_look()

    assert image.image_id in old.ids
    assert "disabled by somebody else" in reason(report, image.image_id)


def test_a_stamp_that_somebody_dated_back_is_no_first_look(old: Old) -> None:
    image = old.images[0]
    image.disabled = True
    image.tags |= {QUARANTINED_AT: "2020-01-01T00:00:00Z", STATE: "quarantined"}

    report = old.look()

    assert image.image_id in old.ids
    assert "the catalogue does not know of a first look" in reason(report, image.image_id)


def test_a_stamp_that_differs_from_the_row_is_not_acted_upon(old: Old) -> None:
    old.look()
    image = old.images[0]
    image.tags[QUARANTINED_AT] = "2020-01-01T00:00:00Z"

    report = old.second_look()

    assert image.image_id in old.ids
    assert "do not agree" in reason(report, image.image_id)


def test_a_longer_retention_today_brings_a_quarantined_point_back(old: Old) -> None:
    """DESIGN rule 7: a tag can lengthen what exists, never shorten it."""
    old.look()
    retagged(old.web, snapback__retain="last=3")

    foretold = expire(old.cloud, replace(TERMS, apply=False))
    report = old.second_look()

    first, second = old.images[:2]
    assert "would be brought back" in reason(foretold, second.image_id)
    assert (second.image_id, "release", "done") in told(report)
    assert second.state(old.cloud.now) == "available"
    assert (second.tags[STATE], QUARANTINED_AT in second.tags) == ("usable", False)
    assert first.image_id not in old.ids
    row = old.cloud.catalogue.rows[HOME, second.name]
    assert (row.stage, row.quarantined_at) == (Stage.SETTLED, None)


def test_F57_a_shorter_retention_today_deletes_nothing_more() -> None:
    cloud = Cloud()
    web = cloud.add_machine({**BRIEF, "snapback:retain": "last=4"})
    hours(cloud, 4)
    retagged(web, snapback__retain="last=1")

    report = expire(cloud)

    assert told(report, Result.DONE) == []


def test_F67_points_of_machines_that_lost_their_tag_keep_their_frozen_retention(
    old: Old,
) -> None:
    retagged(old.web, snapback__plan=None, snapback__retain=None)

    old.look()
    old.second_look()

    assert old.ids == [i.image_id for i in old.images[2:]]


def test_a_machine_that_is_switched_off_keeps_its_frozen_retention(old: Old) -> None:
    retagged(old.web, snapback__plan="off", snapback__retain=None)

    old.look()
    old.second_look()

    assert old.ids == [i.image_id for i in old.images[2:]]


def test_I8_a_terminated_lineage_keeps_its_last_point(old: Old) -> None:
    old.cloud.home.kill(old.web.id)
    old.cloud.home.machines.clear()

    for _ in range(5):
        old.second_look()

    assert old.ids[-1] == old.images[3].image_id
    assert old.images[3].state(old.cloud.now) == "available"


def test_failed_images_are_cleaned_up_after_two_looks_of_their_own() -> None:
    cloud = Cloud()
    cloud.add_machine(BRIEF)
    cloud.home.breaking = 1
    settled(cloud)
    settled(cloud)
    failed, good = images_of(cloud)

    first = expire(cloud)
    early = expire(cloud)
    cloud.clock.advance(QUARANTINE)
    second = expire(cloud)

    assert (failed.image_id, "quarantine", "done") in told(first)
    assert told(early, Result.DONE) == []
    assert (failed.image_id, "deregister", "done") in told(second)
    assert images_of(cloud) == [good]
    assert set(cloud.home.snapshots) == set(snapshots_of(good))


def test_a_held_failed_image_stays() -> None:
    cloud = Cloud()
    cloud.add_machine(BRIEF)
    cloud.home.breaking = 1
    settled(cloud)
    failed = images_of(cloud)[0]
    failed.tags[HOLD] = "forever"

    assert told(expire(cloud), Result.DONE) == []


def test_failed_points_never_push_out_good_ones() -> None:
    """F45: builds failing for days must not cost the only working point."""
    cloud = Cloud()
    cloud.add_machine({**BRIEF, "snapback:retain": "last=1"})
    settled(cloud)
    [good] = images_of(cloud)
    cloud.home.breaking = 99

    for _ in range(4):
        cloud.clock.advance(QUARANTINE)
        settled(cloud)
        expire(cloud)

    assert good.state(cloud.now) == "available"


def test_F63_a_flood_of_manual_points_pushes_out_no_scheduled_one(old: Old) -> None:
    for _ in range(20):
        old.cloud.advance(seconds=1)
        backup.run(old.cloud.sites, [old.web.id], parse_retention("last=1"), old.cloud.now)
    settled(old.cloud)

    old.look()

    scheduled = [i for i in images_of(old.cloud) if "/scheduled/" in i.name]
    assert [i.disabled for i in scheduled] == [True, True, True, False, False]


def test_F62_retention_acts_on_the_lineage_not_on_the_instance(old: Old) -> None:
    """After a rollback the points of both instances fill one quota."""
    new = old.cloud.add_machine({**BRIEF, LINEAGE: old.web.id})
    for machine, role in ((old.web, Role.SUPERSEDED), (new, Role.CURRENT)):
        old.cloud.catalogue.machines[HOME, machine.id] = InstanceRecord(
            instance_id=machine.id,
            region=HOME,
            lineage=old.web.id,
            role=role,
            by_rollback="rb-1",
        )
    hours(old.cloud, 2)

    report = old.look()

    fresh = [i.image_id for i in images_of(old.cloud, new)]
    assert len(fresh) == 2
    assert {s for s, _, _ in told(report, Result.DONE)} == {i.image_id for i in old.images}


@pytest.mark.parametrize("act", ["images.disable", "images.tag", "catalogue.put_points"])
def test_one_point_that_fails_never_stops_the_next(old: Old, act: str) -> None:
    first, second = old.images[:2]
    about = second.image_id if act.startswith("images") else second.name
    old.cloud.wire.fail(act, "SomethingNew", about=about)

    report = old.look()

    assert (second.image_id, "expire", "failed") in told(report)
    assert (first.image_id, "quarantine", "done") in told(report)
    assert not report.ok


def test_F27_F28_a_region_that_refuses_us_stops_no_other() -> None:
    cloud = Cloud(names=(AWAY, HOME))
    cloud.add_machine(BRIEF, region=AWAY)
    cloud.add_machine(BRIEF, region=HOME)
    hours(cloud, 3)
    cloud.wire.fail("images.*", "AuthFailure", region=AWAY)

    report = expire(cloud)

    assert told(report, Result.FAILED) == [(AWAY, "expire", "failed")]
    assert [a for _, a, _ in told(report, Result.DONE)] == ["quarantine"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(SnapbackError("a bad row"), False), (InvalidInputError("a bad setting"), True)],
)
def test_a_wrong_setting_is_said_at_once_a_bad_row_is_one_regions_trouble(
    old: Old, error: SnapbackError, raised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(_self: object, _region: str) -> None:
        raise error

    monkeypatch.setattr("tests.fakes.catalogue.FakeCatalogue.points", spoilt)

    if raised:
        with pytest.raises(InvalidInputError):
            old.look()
    else:
        assert told(old.look()) == [(HOME, "expire", "failed")]


def test_F34_a_run_out_of_time_leaves_the_rest_to_the_next(old: Old) -> None:
    left = iter([True, False])

    report = expire(old.cloud, keep_going=lambda: next(left))
    old.look()

    assert (old.images[0].image_id, "expire", "pending") in told(report)
    assert [i.disabled for i in old.images] == [True, True, False, False]


def test_the_point_of_an_open_rollback_is_in_use(old: Old) -> None:
    image = old.images[0]
    journal = commands.apply(desk(old.cloud), request(old.web, image.image_id), None, old.cloud.now)

    report = old.look()

    assert journal.id in reason(report, image.image_id)
    assert not image.disabled


def test_a_point_that_is_gone_when_it_is_to_be_disabled_is_said_so(old: Old) -> None:
    image = old.images[0]
    old.cloud.wire.afterwards("instances.using_images", lambda: old.cloud.home.drop(image.image_id))

    report = old.look()

    assert (image.image_id, "quarantine", "already") in told(report)


def test_a_point_that_is_gone_on_the_second_look_leaves_no_snapshots(old: Old) -> None:
    old.look()
    image = old.images[0]
    old.cloud.wire.afterwards("instances.using_images", lambda: old.cloud.home.drop(image.image_id))

    report = old.second_look()

    assert (image.image_id, "deregister", "already") in told(report)
    assert not set(snapshots_of(image)) & set(old.cloud.home.snapshots)


def test_the_last_point_outlives_everything(old: Old) -> None:
    """I3: the newest usable point never goes, whatever its retention says."""
    for image in old.images:
        image.tags[HOLD] = "2026-11-23T12:00Z"

    for _ in range(4):
        old.second_look()

    assert old.images[3].image_id in old.ids
    assert old.images[3].state(old.cloud.now) == "available"


def test_ticks_and_expiry_side_by_side_settle_on_what_the_retention_says() -> None:
    cloud = Cloud()
    cloud.add_machine(BRIEF)

    for _ in range(80):
        tick(cloud)
        cloud.advance(minutes=10)
        tick(cloud)
        expire(cloud)
        cloud.advance(minutes=50)

    available = [i for i in images_of(cloud) if i.state(cloud.now) == "available"]
    assert len(available) == 2
    assert len(images_of(cloud)) <= 2 + 25
    used = {s for i in images_of(cloud) for s in snapshots_of(i)}
    assert set(cloud.home.snapshots) == used
