"""F64: expiry cut off before and after every call, or with every answer lost."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from functools import partial

import pytest

from chalicelib.domain.errors import LaterError
from chalicelib.domain.point_tags import HOLD, QUARANTINED_AT, STATE
from chalicelib.domain.records import PointRecord, Stage
from chalicelib.domain.recovery_point import Snapshot
from chalicelib.jobs import holds
from tests.fakes.cloud import HOME, Cloud
from tests.fakes.place import Place
from tests.jobs.scenes import (
    BRIEF,
    QUARANTINE,
    TICK,
    expire,
    hours,
    images_of,
    settled,
    survive,
    tick,
)

Arm = Callable[[Cloud, int], None]


def _before(cloud: Cloud, nth: int) -> None:
    cloud.wire.crash(nth, after=False)


def _after(cloud: Cloud, nth: int) -> None:
    cloud.wire.crash(nth, after=True)


def _lost(cloud: Cloud, nth: int) -> None:
    cloud.wire.lose_nth(nth)


EVERY_WAY = pytest.mark.parametrize("arm", [_before, _after, _lost])


def world() -> Cloud:
    """A machine with five points, two of which are to go; one shares a snapshot; one failed."""
    cloud = Cloud()
    cloud.add_machine({**BRIEF, "snapback:retain": "last=3"})
    cloud.home.breaking = 1
    settled(cloud)
    hours(cloud, 5)
    oldest = images_of(cloud)[1]
    data = Snapshot(snapshot_id=oldest.snapshots[1].snapshot_id, device="/dev/sdf")
    cloud.add_image("golden", {}, snapshots=(data,))
    cloud.wire.watch = partial(assert_nothing_lost, cloud.home)
    return cloud


def assert_nothing_lost(place: Place) -> None:
    """I4: every snapshot that a registered image is built on exists, at every moment."""
    for image in place.images.values():
        for snapshot in image.snapshots:
            assert snapshot.snapshot_id in place.snapshots, f"{image.name} lost {snapshot}"


def state(cloud: Cloud) -> object:
    """What is left: images with how they stand, snapshots, rows."""
    return (
        [(i.name, i.state(cloud.now), i.tags.get(STATE)) for i in images_of(cloud)],
        sorted(cloud.home.snapshots),
        [(r.name, r.stage, [s.snapshot_id for s in r.snapshots]) for r in rows(cloud)],
    )


def rows(cloud: Cloud) -> list[PointRecord]:
    return [row for _, row in sorted(cloud.catalogue.rows.items())]


def both_looks(cloud: Cloud, disturbed: Callable[[Cloud], object], *, second: bool) -> None:
    """Two looks a quarantine apart, one of them *disturbed*, and the runs that clean up."""
    for is_second in (False, True):
        if is_second is second:
            survive(lambda: disturbed(cloud))
            cloud.wire.calm()
        expire(cloud)
        cloud.clock.advance(QUARANTINE)
    expire(cloud)
    expire(cloud)


@EVERY_WAY
@pytest.mark.parametrize("second", [False, True], ids=["first-look", "second-look"])
def test_F64_expiry_cut_off_anywhere_comes_to_the_same_end(arm: Arm, second: bool) -> None:
    undisturbed = world()
    both_looks(undisturbed, expire, second=second)
    expected = state(undisturbed)

    original = world()
    nth = 0
    while True:
        nth += 1
        cloud = deepcopy(original)
        cloud.wire.watch = partial(assert_nothing_lost, cloud.home)
        struck: list[bool] = []

        def disturbed(cloud: Cloud, nth: int = nth, struck: list[bool] = struck) -> None:
            arm(cloud, nth)
            try:
                expire(cloud)
            finally:
                struck.append(not cloud.wire.armed)

        both_looks(cloud, disturbed, second=second)
        assert state(cloud) == expected, f"call {nth}: {cloud.wire.history[nth - 1]}"
        if struck == [False]:
            break
    assert nth > 10


@EVERY_WAY
@pytest.mark.parametrize("released", [False, True], ids=["hold", "release"])
def test_F64_a_hold_or_release_cut_off_anywhere_ends_held(arm: Arm, released: bool) -> None:
    """The next run of expiry finishes it. What was asked for is not deleted."""
    original = world()
    expire(original)
    armed, nth = False, 0
    while not armed:
        nth += 1
        cloud = deepcopy(original)
        image = next(i for i in images_of(cloud) if i.disabled)
        arm(cloud, nth)
        _ignoring_loss(partial(_ask, cloud, image.image_id, released=released))
        armed = cloud.wire.armed
        begun = HOLD in image.tags
        cloud.wire.calm()
        cloud.clock.advance(TICK)
        tick(cloud)
        expire(cloud)
        cloud.clock.advance(QUARANTINE)
        tick(cloud)
        expire(cloud)

        assert (image.image_id in cloud.home.images) == begun, nth
        if begun:
            row = cloud.catalogue.rows[HOME, image.name]
            two_witnesses = row.stage is Stage.QUARANTINED and QUARANTINED_AT in image.tags
            assert (image.state(cloud.now), two_witnesses) == ("available", False), nth
    assert nth > 5


def _ask(cloud: Cloud, image_id: str, *, released: bool) -> None:
    if released:
        holds.release(cloud.sites, image_id, cloud.now)
    else:
        holds.hold(cloud.sites, image_id, None, cloud.now)


def _ignoring_loss(act: Callable[[], None]) -> None:
    with suppress(LaterError):
        survive(act)
