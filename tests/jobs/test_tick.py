"""The tick: what is due is taken once, whatever is delivered twice, cut off or denied."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.errors import InvalidInputError, NotFoundError
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.point_tags import LINEAGE, MANAGED_BY, STATE
from chalicelib.domain.records import InstanceRecord, Role, Stage
from chalicelib.domain.report import Result
from tests.fakes.cloud import AWAY, HOME, NOON, Cloud
from tests.fakes.place import Pace
from tests.jobs.scenes import (
    DAILY,
    TICK,
    changes,
    image_of,
    images_of,
    reason,
    retagged,
    settled,
    survive,
    tick,
    told,
)

SLOT = "20261123T0300Z"


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def test_a_newly_tagged_machine_is_due_at_once(cloud: Cloud) -> None:
    web = cloud.add_machine(DAILY)

    report = tick(cloud)

    image = image_of(cloud)
    assert told(report) == [(web.id, "backup", "done")]
    assert image.name == f"snapback/{web.id}/scheduled/{SLOT}"
    assert reason(report, web.id) == "its first point, for the slot 2026-11-23T03:00Z"


def test_a_machine_without_the_tag_is_left_alone(cloud: Cloud) -> None:
    cloud.add_machine({"Name": "db"})
    cloud.add_machine({"snapback:plan": "off"})

    assert (told(tick(cloud)), images_of(cloud)) == ([], [])


def test_image_and_snapshots_bear_every_tag_from_the_creating_call(cloud: Cloud) -> None:
    """F01, F03: nothing is tagged in a second call that could be cut off."""
    web = cloud.add_machine({**DAILY, "aws:x": "1", "team": "a"})

    tick(cloud)

    image = image_of(cloud)
    assert image.tags[MANAGED_BY] == "snapback/test"
    assert image.tags[LINEAGE] == web.id
    assert image.tags["src:team"] == "a"
    assert not {"aws:x", "src:aws:x"} & set(image.tags)
    for snapshot in image.snapshots:
        assert cloud.home.snapshots[snapshot.snapshot_id].tags == image.tags
    assert [c.name for c in cloud.wire.history if c.name == "images.tag"] == []


def test_one_point_a_slot_and_the_next_slot_gets_its_own(cloud: Cloud) -> None:
    cloud.add_machine({"snapback:plan": "hourly"})

    for _ in range(36):  # three hours
        tick(cloud)
        cloud.clock.advance(TICK)

    names = [i.name.rpartition("/")[2] for i in images_of(cloud)]
    assert names == ["20261123T1200Z", "20261123T1300Z", "20261123T1400Z"]


def test_a_pending_point_becomes_usable_once_every_snapshot_is_complete(cloud: Cloud) -> None:
    cloud.add_machine(DAILY)
    tick(cloud)
    image = image_of(cloud)
    late = cloud.home.snapshots[image.snapshots[1].snapshot_id]
    late.complete_at = cloud.now + timedelta(minutes=9)

    cloud.clock.advance(TICK)
    early = tick(cloud)
    still = dict(image.tags)
    cloud.clock.advance(TICK)
    report = tick(cloud)

    [row] = cloud.catalogue.rows.values()
    assert (told(early), STATE in still) == ([], False)
    assert told(report) == [(image.image_id, "settle", "done")]
    assert image.tags[STATE] == "usable"
    assert (row.stage, row.image_id, row.snapshots) == (
        Stage.SETTLED,
        image.image_id,
        image.snapshots,
    )
    assert row.seal


def test_F07_a_failed_image_does_not_count_and_its_slot_is_tried_again(cloud: Cloud) -> None:
    web = cloud.add_machine(DAILY)
    cloud.home.breaking = 1
    tick(cloud)

    cloud.clock.advance(TICK)
    report = tick(cloud)
    cloud.clock.advance(TICK)
    tick(cloud)

    failed, good = images_of(cloud)
    assert told(report) == [(failed.image_id, "settle", "failed"), (web.id, "backup", "done")]
    assert good.name.endswith(f"{SLOT}.2")
    assert (failed.tags[STATE], good.tags[STATE]) == ("failed", "usable")


def test_F07_a_slot_that_fails_three_times_turns_every_further_run_red(cloud: Cloud) -> None:
    web = cloud.add_machine(DAILY)
    cloud.home.breaking = 9

    for _ in range(4):
        report = tick(cloud)
        cloud.clock.advance(TICK)

    report = tick(cloud)
    assert len(images_of(cloud)) == 3
    assert (report.ok, told(report)) == (False, [(web.id, "backup", "failed")])
    assert "3 times" in reason(report, web.id)


def test_a_snapshot_in_error_fails_a_point_that_ec2_calls_available(cloud: Cloud) -> None:
    cloud.add_machine(DAILY)
    tick(cloud)
    image = image_of(cloud)
    cloud.home.snapshots[image.snapshots[1].snapshot_id].broken = True

    cloud.clock.advance(TICK)
    report = tick(cloud)

    assert (image.image_id, "settle", "failed") in told(report)
    assert image.tags[STATE] == "failed"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_F01_F04_F05_at_most_one_image_a_slot_however_often_a_run_is_cut_off(after: bool) -> None:
    """A crash at every call of a tick, three times over; then two quiet ticks."""
    for nth in range(1, 30):
        cloud = Cloud()
        web, db = cloud.add_machine(DAILY), cloud.add_machine(DAILY)
        for _ in range(3):
            cloud.wire.crash(nth, after=after)
            survive(lambda: tick(cloud))  # noqa: B023 (called at once)
        cloud.wire.calm()
        cloud.clock.advance(TICK)
        settled(cloud)

        for machine in (web, db):
            image = image_of(cloud, machine)
            row = cloud.catalogue.rows[HOME, image.name]
            assert image.tags[STATE] == "usable", nth
            assert (row.stage, row.image_id) == (Stage.SETTLED, image.image_id), nth


def test_F01_an_image_whose_reply_was_lost_is_adopted(cloud: Cloud) -> None:
    web = cloud.add_machine(DAILY)
    cloud.home.pace = Pace(visible=timedelta(seconds=30))
    cloud.wire.lose("images.create")

    first = tick(cloud)
    second = tick(cloud)
    cloud.advance(seconds=30)
    third = tick(cloud)

    assert told(first) == [(web.id, "backup", "failed")]
    assert told(second) == [(web.id, "backup", "pending")]
    assert "not visible yet" in reason(second, web.id)
    assert told(third) == []
    settled(cloud)
    assert image_of(cloud).tags[STATE] == "usable"


def test_an_image_that_the_listing_lacked_is_adopted_by_its_name(cloud: Cloud) -> None:
    web = cloud.add_machine(DAILY)
    cloud.wire.lose("images.create")
    tick(cloud)
    cloud.home.blind = True
    cloud.wire.afterwards("images.create", lambda: None)
    cloud.wire.afterwards("images.points", lambda: setattr(cloud.home, "blind", False))

    report = tick(cloud)

    assert told(report) == [(web.id, "backup", "already")]
    [row] = cloud.catalogue.rows.values()
    assert (row.stage, row.image_id) == (Stage.TAKEN, image_of(cloud).image_id)


def test_F09_an_image_that_is_invisible_for_a_while_is_neither_doubled_nor_lost(
    cloud: Cloud,
) -> None:
    """Not even when the machine's configuration changes in the meantime."""
    web = cloud.add_machine(DAILY)
    cloud.home.pace = Pace(visible=timedelta(minutes=9))
    tick(cloud)
    cloud.clock.advance(TICK)
    retagged(web, team="changed")
    tick(cloud)
    cloud.clock.advance(TICK)
    settled(cloud)

    image = image_of(cloud)
    assert cloud.catalogue.rows[HOME, image.name].stage is Stage.SETTLED
    assert image.tags[STATE] == "usable"


def test_F02_a_pending_image_without_a_mapping_is_waited_for(cloud: Cloud) -> None:
    cloud.add_machine(DAILY)
    cloud.home.pace = Pace(mapped=timedelta(minutes=12))

    for _ in range(3):
        assert tick(cloud).ok
        cloud.clock.advance(TICK)
    tick(cloud)

    [row] = cloud.catalogue.rows.values()
    assert image_of(cloud).tags[STATE] == "usable"
    assert len(row.snapshots) == 2


def test_somebody_elses_image_of_our_name_is_not_adopted(cloud: Cloud) -> None:
    """F55: the name is taken, and what bears it contradicts the row."""
    web = cloud.add_machine(DAILY)
    cloud.add_image(f"snapback/{web.id}/scheduled/{SLOT}", {MANAGED_BY: "snapback/other"})

    report = tick(cloud)

    assert told(report) == [(web.id, "backup", "failed")]
    assert "bears its name, but its tag snapback:managed-by" in reason(report, web.id)


def test_F26_missed_slots_are_caught_up_once_not_one_by_one(cloud: Cloud) -> None:
    cloud.add_machine({"snapback:plan": "hourly"})
    settled(cloud)

    cloud.advance(hours=7)
    settled(cloud)
    settled(cloud)

    names = [i.name.rpartition("/")[2] for i in images_of(cloud)]
    assert names == ["20261123T1200Z", "20261123T1900Z"]


def test_F15_one_that_terminates_between_look_and_call_stops_no_other(cloud: Cloud) -> None:
    web, db = cloud.add_machine(DAILY), cloud.add_machine(DAILY)
    cloud.wire.afterwards("configurations.describe", lambda: cloud.home.kill(web.id))

    report = tick(cloud)

    assert (web.id, "backup", "failed") in told(report)
    assert (db.id, "backup", "done") in told(report)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (InstanceState.RUNNING, ["done"]),
        (InstanceState.STOPPED, ["done"]),
        (InstanceState.PENDING, ["skipped"]),
        (InstanceState.STOPPING, ["skipped"]),
        (InstanceState.SHUTTING_DOWN, []),
        (InstanceState.TERMINATED, []),
    ],
)
def test_F15_only_running_and_stopped_machines_are_backed_up(
    cloud: Cloud, state: InstanceState, expected: list[str]
) -> None:
    web = cloud.add_machine(DAILY, state=state)
    web.since = cloud.now

    assert [result for _, _, result in told(tick(cloud))] == expected


def test_F16_an_instance_store_root_is_skipped_with_the_reason(cloud: Cloud) -> None:
    old = cloud.add_machine(DAILY, root_device_type="instance-store")
    web = cloud.add_machine(DAILY)

    report = tick(cloud)

    assert told(report) == [(old.id, "backup", "skipped"), (web.id, "backup", "done")]
    assert "instance store" in reason(report, old.id)
    assert report.ok


def test_F20_one_failing_machine_never_stops_the_others_but_the_run_is_red(cloud: Cloud) -> None:
    machines = [cloud.add_machine(DAILY) for _ in range(5)]
    cloud.wire.fail("images.create", "SomethingNew", about=machines[2].id)

    report = tick(cloud)

    results = {subject: result for subject, _, result in told(report)}
    assert [results[m.id] for m in machines] == ["done", "done", "failed", "done", "done"]
    assert not report.ok
    assert "SomethingNew" in reason(report, machines[2].id)


@pytest.mark.parametrize("call", ["configurations.attributes", "catalogue.manifest"])
def test_F20_one_machine_that_cannot_be_captured_stops_no_other(cloud: Cloud, call: str) -> None:
    bad, good = cloud.add_machine(DAILY), cloud.add_machine(DAILY)
    settled(cloud)
    cloud.clock.now = NOON + timedelta(hours=16)
    if call == "configurations.attributes":
        retagged(bad, team="changed")
    cloud.wire.fail(call, "SomethingNew", about=bad.id)

    report = tick(cloud)

    assert told(report) == [(bad.id, "backup", "failed"), (good.id, "backup", "done")]


def test_a_region_where_points_cannot_be_tagged_still_takes_new_ones(cloud: Cloud) -> None:
    cloud.add_machine({"snapback:plan": "hourly"})
    tick(cloud)
    cloud.wire.deny("images.tag")

    cloud.advance(hours=1)
    report = tick(cloud)

    assert not report.ok
    assert len(images_of(cloud)) == 2


@pytest.mark.parametrize("code", ["AuthFailure", "OptInRequired", "UnauthorizedOperation"])
@pytest.mark.parametrize("call", ["images.points", "instances.tagged", "instances.resembling"])
def test_F27_F28_a_region_that_refuses_us_stops_no_other(code: str, call: str) -> None:
    cloud = Cloud(names=(HOME, AWAY))
    cloud.add_machine(DAILY)
    far = cloud.add_machine(DAILY, region=AWAY)
    cloud.wire.fail(call, code, region=HOME)

    report = tick(cloud)

    assert told(report) == [(HOME, "tick", "failed"), (far.id, "backup", "done")]
    assert code in reason(report, HOME)


@pytest.mark.parametrize("error", [NotFoundError("no table"), InvalidInputError("bad setting")])
def test_a_missing_catalogue_is_said_at_once(
    cloud: Cloud, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_self: object, _region: str) -> None:
        raise error

    monkeypatch.setattr("tests.fakes.catalogue.FakeCatalogue.points", lost)

    with pytest.raises(type(error)):
        tick(cloud)


def test_F17_a_bad_tag_keeps_the_last_good_plan_and_turns_the_run_red(cloud: Cloud) -> None:
    web = cloud.add_machine(DAILY)
    settled(cloud)
    retagged(web, snapback__plan="dialy")

    cloud.advance(days=1)
    report = tick(cloud)

    assert told(report) == [(web.id, "read tags", "failed"), (web.id, "backup", "done")]
    assert "there is no plan 'dialy'" in reason(report, web.id, "read tags")
    newest = images_of(cloud)[-1]
    assert newest.tags["snapback:plan"] == "daily"


def test_F17_a_bad_tag_on_a_machine_without_a_point_backs_up_nothing_and_is_red(
    cloud: Cloud,
) -> None:
    web = cloud.add_machine({"snapback:plan": "dialy"})

    report = tick(cloud)

    assert told(report) == [(web.id, "read tags", "failed")]
    assert images_of(cloud) == []


def test_F17_a_plan_that_no_longer_exists_is_no_behaviour_to_fall_back_on(cloud: Cloud) -> None:
    web = cloud.add_machine(DAILY)
    settled(cloud)
    image_of(cloud).tags["snapback:plan"] = "abandoned"
    retagged(web, snapback__plan="dialy")

    cloud.advance(days=1)
    report = tick(cloud)

    assert told(report) == [(web.id, "read tags", "failed")]
    assert len(images_of(cloud)) == 1


@pytest.mark.parametrize("slip", ["Snapback:Plan", "SNAPBACK:PLAN", "snapback:plans"])
def test_F17_a_slip_in_the_plan_tags_key_turns_the_run_red(cloud: Cloud, slip: str) -> None:
    web = cloud.add_machine({slip: "daily"})

    report = tick(cloud)

    assert told(report) == [(web.id, "read tags", "failed")]
    assert f"tag {slip}" in reason(report, web.id)


def test_a_machine_with_the_tag_and_a_slip_beside_it_is_told_once(cloud: Cloud) -> None:
    web = cloud.add_machine({**DAILY, "Snapback:Plan": "weekly"})

    report = tick(cloud)

    assert told(report) == [(web.id, "read tags", "failed")]


def test_a_machine_without_its_root_volume_is_skipped_with_the_reason(cloud: Cloud) -> None:
    web = cloud.add_machine(DAILY)
    web.configuration = replace(web.configuration, disks=web.configuration.disks[1:])

    report = tick(cloud)

    assert told(report) == [(web.id, "backup", "skipped")]
    assert "root volume is not attached" in reason(report, web.id)


def test_options_reach_the_call_and_those_not_carried_out_are_said(cloud: Cloud) -> None:
    web = cloud.add_machine(
        {**DAILY, "snapback:options": "reboot=yes exclude=/dev/sdf consistency=app"}
    )

    with cloud.wire.recording() as calls:
        report = tick(cloud)

    [asked] = [c.arguments[0] for c in calls if c.name == "images.create"]
    assert asked.reboot  # type: ignore[attr-defined]
    assert [s.device for s in image_of(cloud).snapshots] == ["/dev/xvda"]
    assert "not carried out by this version: consistency=app" in reason(report, web.id)


def test_tags_of_the_source_without_room_are_named(cloud: Cloud) -> None:
    """F14: fifty tags at most, ours first."""
    web = cloud.add_machine({**DAILY, **{f"k{n:02}": "v" for n in range(45)}})

    report = tick(cloud)

    assert "tags without room: k" in reason(report, web.id)
    assert len(image_of(cloud).tags) <= 50


def test_F34_a_run_out_of_time_leaves_the_rest_to_the_next(cloud: Cloud) -> None:
    machines = [cloud.add_machine(DAILY) for _ in range(4)]
    left = iter([True, True, False, False])

    first = tick(cloud, keep_going=lambda: next(left))
    second = tick(cloud)

    assert [r for _, _, r in told(first)] == ["done", "done", "pending", "pending"]
    assert "next run" in reason(first, machines[3].id)
    assert [s for s, _, _ in told(second)] == [m.id for m in machines[2:]]
    assert first.ok
    assert len(images_of(cloud)) == 4


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(cloud: Cloud) -> None:
    cloud.add_machine({"snapback:plan": "hourly"})
    tick(cloud)
    cloud.advance(hours=1)

    with cloud.wire.recording() as calls:
        report = tick(cloud, dry_run=True)

    assert changes(calls) == []
    assert [r for _, _, r in told(report)] == ["skipped"]
    assert report.outcomes[0].reason.startswith("dry run: the slot 2026-11-23T13:00Z is open")


def test_two_ticks_with_nothing_due_change_nothing(cloud: Cloud) -> None:
    cloud.add_machine(DAILY)
    settled(cloud)

    with cloud.wire.recording() as calls:
        for _ in range(2):
            cloud.clock.advance(TICK)
            assert told(tick(cloud)) == []

    assert changes(calls) == []


def test_attributes_of_an_unchanged_running_machine_are_read_once_a_day(cloud: Cloud) -> None:
    cloud.add_machine({"snapback:plan": "hourly"}, user_data="#!/bin/sh")

    read = []
    for _ in range(26):
        with cloud.wire.recording() as calls:
            settled(cloud)
        read.append(sum(c.name == "configurations.attributes" for c in calls))
        cloud.clock.now = cloud.now.replace(minute=0) + timedelta(hours=1)

    assert [hour for hour, count in enumerate(read) if count] == [0, 24]
    assert len({i.tags["snapback:manifest"] for i in images_of(cloud)}) == 1


@pytest.mark.parametrize("why", ["stopped", "changed", "restarted", "lost", "unreadable"])
def test_a_machine_that_may_have_changed_is_read_again(cloud: Cloud, why: str) -> None:
    web = cloud.add_machine({"snapback:plan": "hourly"})
    if why == "unreadable":
        cloud.home.unreadable = ("userData: UnauthorizedOperation",)
    settled(cloud)
    match why:
        case "stopped":
            web.state = InstanceState.STOPPED
        case "changed":
            retagged(web, team="other")
        case "restarted":
            web.launched_at = cloud.now
        case "lost":
            cloud.catalogue.manifests.clear()
        case _:
            cloud.home.unreadable = ()

    cloud.advance(hours=1)
    with cloud.wire.recording() as calls:
        tick(cloud)

    assert [c.name for c in calls if c.name == "configurations.attributes"] != []
    [row] = [r for r in cloud.catalogue.rows.values() if r.at.hour == 13]
    captured = cloud.catalogue.manifests[web.id, row.manifest]
    assert captured.unreadable == ()


def test_the_manifest_is_the_whole_configuration(cloud: Cloud) -> None:
    web = cloud.add_machine(DAILY, user_data="secret")
    allocation = cloud.add_address(web)
    target = cloud.add_group(web)

    tick(cloud)

    manifest = cloud.catalogue.manifests[web.id, image_of(cloud).tags["snapback:manifest"]]
    assert [a.allocation_id for a in manifest.addresses] == [allocation]
    assert manifest.targets == (target,)
    assert [d.size_gib for d in manifest.disks] == [8, 100]
    assert manifest.attributes.user_data.length == len(web.user_data)


def test_F62_a_superseded_machine_is_not_backed_up_and_its_lineage_goes_on(cloud: Cloud) -> None:
    old, new = cloud.add_machine(DAILY), cloud.add_machine({**DAILY})
    settled(cloud)
    lineage = old.id
    retagged(new, snapback__lineage=lineage)
    cloud.catalogue.machines = {
        (HOME, m.id): InstanceRecord(
            instance_id=m.id, region=HOME, lineage=lineage, role=role, by_rollback="rb-1"
        )
        for m, role in ((old, Role.SUPERSEDED), (new, Role.CURRENT))
    }
    before = len(images_of(cloud))

    cloud.advance(days=1)
    report = tick(cloud)

    made = images_of(cloud)[before:]
    assert told(report, Result.DONE) == [(new.id, "backup", "done")]
    assert [(i.source_instance, i.tags[LINEAGE]) for i in made] == [(new.id, lineage)]


def test_T3_a_forged_lineage_tag_joins_no_lineage_and_turns_the_run_red(cloud: Cloud) -> None:
    """Whoever may tag an instance must not reach another machine's points with it."""
    victim = cloud.add_machine(DAILY)
    forger = cloud.add_machine({**DAILY, "snapback:lineage": victim.id})

    report = tick(cloud)

    assert image_of(cloud).source_instance == victim.id
    assert (forger.id, "read tags", "failed") in told(report)
    assert "no rollback of ours made it so" in reason(report, forger.id)


def test_a_lineage_in_a_rollback_is_not_backed_up_meanwhile(cloud: Cloud) -> None:
    web = cloud.add_machine(DAILY)
    cloud.catalogue.held[web.id] = "rb-1"

    assert (told(tick(cloud)), images_of(cloud)) == ([], [])


def test_a_point_whose_tags_were_edited_is_not_settled(cloud: Cloud) -> None:
    cloud.add_machine(DAILY)
    tick(cloud)
    image_of(cloud).tags["snapback:retain"] = "last=1"

    cloud.clock.advance(TICK)
    tick(cloud)

    assert STATE not in image_of(cloud).tags
    [row] = cloud.catalogue.rows.values()
    assert row.stage is Stage.TAKEN


def test_a_slot_counts_in_its_own_zone(cloud: Cloud) -> None:
    cloud.add_machine({**DAILY, "snapback:schedule": "daily@20:30 Asia/Tokyo"})

    tick(cloud)

    assert image_of(cloud).tags["snapback:slot"] == "2026-11-23T11:30Z"


def test_months_of_ticks_settle_every_point(cloud: Cloud) -> None:
    """Ten days of the fastest plan, every slot once."""
    cloud.add_machine({"snapback:plan": "hourly", "snapback:schedule": "every 6h"})

    for _ in range(40):
        settled(cloud)
        cloud.advance(hours=6, minutes=-5)

    slots = [datetime.fromisoformat(i.tags["snapback:slot"]) for i in images_of(cloud)]
    assert slots == [NOON + timedelta(hours=6) * n for n in range(40)]
    assert {i.tags[STATE] for i in images_of(cloud)} == {"usable"}
