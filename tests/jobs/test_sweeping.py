"""The sweep: orphans, lost rows, and what nobody answers for."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.point_tags import HOLD
from chalicelib.domain.records import Stage
from chalicelib.domain.report import Result, RunReport
from chalicelib.jobs import holds
from tests.fakes.cloud import HOME, Cloud
from tests.fakes.place import FakeImage, FakeSnapshot
from tests.jobs.scenes import BRIEF, QUARANTINE, changes, expire, hours, images_of, reason, told

STRANGE = "snap-0000000000000beef"


@pytest.fixture
def cloud() -> Cloud:
    """A machine with four points, one of them about to be lost."""
    made = Cloud()
    made.add_machine({**BRIEF, "snapback:retain": "last=4"})
    hours(made, 4)
    return made


def days(cloud: Cloud, count: int) -> list[RunReport]:
    """That many days with a run each."""
    reports = []
    for _ in range(count):
        cloud.clock.advance(QUARANTINE)
        reports.append(expire(cloud))
    return reports


def snapshots_of(image: FakeImage) -> set[str]:
    return {s.snapshot_id for s in image.snapshots}


def test_snapshots_of_an_image_that_somebody_deregistered_go_after_a_quarantine(
    cloud: Cloud,
) -> None:
    lost = images_of(cloud)[0]
    cloud.home.drop(lost.image_id)

    days(cloud, 3)

    assert not snapshots_of(lost) & set(cloud.home.snapshots)
    assert (HOME, lost.name) not in cloud.catalogue.rows


def test_F68_a_hold_outlives_an_image_that_somebody_deregistered(cloud: Cloud) -> None:
    held = images_of(cloud)[0]
    holds.hold(cloud.sites, held.image_id, None, cloud.now)
    cloud.home.drop(held.image_id)

    last = days(cloud, 4)[-1]

    assert snapshots_of(held) <= set(cloud.home.snapshots)
    assert (HOME, held.name) in cloud.catalogue.rows
    assert "its snapshots are held" in reason(last, held.image_id)
    for each in snapshots_of(held):
        del cloud.home.snapshots[each].tags[HOLD]
    days(cloud, 1)
    assert not snapshots_of(held) & set(cloud.home.snapshots)


def test_a_row_that_never_learnt_its_snapshots_finds_them_by_the_image_they_were_made_for(
    cloud: Cloud,
) -> None:
    """The run that made the image was cut off, and somebody deregistered it before a tick."""
    lost = images_of(cloud)[0]
    row = cloud.catalogue.rows[HOME, lost.name]
    cloud.catalogue.rows[HOME, lost.name] = replace(row, stage=Stage.TAKEN, snapshots=(), seal="")
    cloud.home.drop(lost.image_id)

    days(cloud, 3)

    assert not snapshots_of(lost) & set(cloud.home.snapshots)


def test_when_it_can_not_look_for_them_it_does_not_forget_the_row(cloud: Cloud) -> None:
    lost = images_of(cloud)[0]
    row = cloud.catalogue.rows[HOME, lost.name]
    cloud.catalogue.rows[HOME, lost.name] = replace(row, stage=Stage.TAKEN, snapshots=(), seal="")
    cloud.home.drop(lost.image_id)
    cloud.wire.deny("images.marked_snapshots")

    last = days(cloud, 4)[-1]

    assert (HOME, lost.name) in cloud.catalogue.rows
    assert (HOME, "sweep", "failed") in told(last)


def _marked(cloud: Cloud, **changes: object) -> FakeSnapshot:
    """A snapshot that bears our marks and is in no image."""
    tags = dict(images_of(cloud)[0].tags)
    made = FakeSnapshot(snapshot_id=STRANGE, complete_at=cloud.now, started_at=cloud.now, tags=tags)
    for name, value in changes.items():
        setattr(made, name, value)
    cloud.home.snapshots[STRANGE] = made
    return made


@pytest.mark.parametrize(
    "description", ["", "mine", "Created by CreateImage(i-0123456789abcdef0) for ami-0bad0bad0bad"]
)
def test_a_snapshot_with_forged_marks_is_reported_and_never_deleted(
    cloud: Cloud, description: str
) -> None:
    _marked(cloud, description=description)

    report = days(cloud, 4)[1]

    assert STRANGE in cloud.home.snapshots
    assert "not deleted on a tag's word" in reason(report, STRANGE)


def test_F53_a_copy_whose_description_names_our_image_is_not_ours(cloud: Cloud) -> None:
    lost = images_of(cloud)[0]
    text = f"Copied for DestinationAmi ami-0bad0bad0bad0bad0 from SourceAmi {lost.image_id}"
    _marked(cloud, description=text)
    cloud.home.drop(lost.image_id)

    days(cloud, 4)

    assert STRANGE in cloud.home.snapshots


def test_a_snapshot_made_for_our_image_that_another_image_uses_stays(cloud: Cloud) -> None:
    lost = images_of(cloud)[0]
    golden = cloud.add_image("golden", {}, snapshots=lost.snapshots)
    cloud.home.drop(lost.image_id)

    days(cloud, 4)

    assert snapshots_of(golden) <= set(cloud.home.snapshots)


def test_a_fresh_or_pending_snapshot_may_belong_to_an_image_that_is_being_made(
    cloud: Cloud,
) -> None:
    cloud.clock.advance(QUARANTINE)
    _marked(cloud)
    fresh = expire(cloud)
    cloud.home.snapshots[STRANGE].complete_at = cloud.now + timedelta(days=9)
    pending = days(cloud, 2)[1]

    assert STRANGE not in {o.subject for o in (*fresh.outcomes, *pending.outcomes)}


def test_our_snapshots_are_looked_through_once_a_day(cloud: Cloud) -> None:
    with cloud.wire.recording() as calls:
        for _ in range(30):
            cloud.advance(hours=1)
            expire(cloud)

    assert sum(c.name == "images.marked_snapshots" for c in calls) == 2


def test_a_row_of_an_image_that_was_never_made_is_forgotten(cloud: Cloud) -> None:
    name = images_of(cloud)[0].name.replace("scheduled", "manual")
    row = replace(
        cloud.catalogue.rows[HOME, images_of(cloud)[0].name],
        name=name, stage=Stage.INTENDED, image_id="", snapshots=(), seal="",
    )  # fmt: skip
    cloud.catalogue.rows[HOME, name] = row

    reports = days(cloud, 3)

    assert (HOME, name) not in cloud.catalogue.rows
    assert "it was never made" in reason(reports[1], name)


def test_L4_a_region_in_order_is_left_alone(cloud: Cloud) -> None:
    expire(cloud)
    cloud.advance(hours=1)

    with cloud.wire.recording() as calls:
        report = expire(cloud)

    assert changes(calls) == []
    assert told(report, Result.FAILED) == []


def test_I3_what_is_left_of_a_machines_last_points_is_not_swept(cloud: Cloud) -> None:
    """Somebody deregistered every image by mistake: the snapshots are all that is left."""
    lost = images_of(cloud)
    for image in lost:
        cloud.home.drop(image.image_id)

    reports = days(cloud, 4)

    assert all(snapshots_of(image) <= set(cloud.home.snapshots) for image in lost)
    assert "no other usable point of its machine is left" in reason(reports[-1], lost[0].image_id)


@pytest.mark.parametrize("how", ["shared", "locked"])
def test_what_is_left_of_an_image_stays_while_it_is(cloud: Cloud, how: str) -> None:
    lost = images_of(cloud)[0]
    cloud.home.drop(lost.image_id)
    kept = lost.snapshots[0].snapshot_id
    if how == "shared":
        cloud.home.shares[kept] = ("222233334444",)
    else:
        cloud.home.locked.add(kept)

    reports = days(cloud, 3)
    row = cloud.catalogue.rows[HOME, lost.name]
    reports += days(cloud, 1)

    assert snapshots_of(lost) & set(cloud.home.snapshots) == {kept}
    assert f"it is {how}" in reason(reports[-1], kept)
    assert (lost.image_id, "forget", "done") not in told(reports[-1])
    assert cloud.catalogue.rows[HOME, lost.name] == row


def test_an_image_that_lost_our_mark_is_not_called_deregistered(cloud: Cloud) -> None:
    victim = images_of(cloud)[0]
    mark = victim.tags.pop("snapback:managed-by")

    reports = days(cloud, 3)

    assert mark
    assert "no longer bears our mark" in reason(reports[-1], victim.image_id)
    assert snapshots_of(victim) <= set(cloud.home.snapshots)
    assert (HOME, victim.name) in cloud.catalogue.rows
