"""Holding and releasing points."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from datetime import timedelta

import pytest

from chalicelib.domain.errors import RefusedError
from chalicelib.domain.point_tags import HOLD, QUARANTINED_AT, STATE
from chalicelib.domain.records import Stage
from chalicelib.domain.report import Result
from chalicelib.jobs import deleting, holds
from chalicelib.jobs.inventory import take_inventory
from tests.fakes.cloud import HOME, Cloud
from tests.fakes.place import FakeImage
from tests.jobs.scenes import BRIEF, QUARANTINE, expire, hours, images_of


@pytest.fixture
def cloud() -> Cloud:
    """A machine with four hourly points, the older two of them quarantined."""
    made = Cloud()
    made.add_machine(BRIEF)
    hours(made, 4)
    expire(made)
    return made


def is_back(cloud: Cloud, image: FakeImage) -> bool:
    row = cloud.catalogue.rows[HOME, image.name]
    return (
        image.state(cloud.now) == "available"
        and image.tags[STATE] == "usable"
        and QUARANTINED_AT not in image.tags
        and (row.stage, row.quarantined_at) == (Stage.SETTLED, None)
    )


def test_a_hold_without_a_date_holds_until_it_is_released(cloud: Cloud) -> None:
    image = images_of(cloud)[2]

    held = holds.hold(cloud.sites, image.image_id, None, cloud.now)
    value = image.tags[HOLD]
    released = holds.release(cloud.sites, image.image_id, cloud.now)

    assert (held.result, held.reason, value) == (Result.DONE, "held until released", "forever")
    assert (released.result, released.reason) == (Result.DONE, "it was held until released")
    assert HOLD not in image.tags


def test_a_hold_with_a_date_says_so(cloud: Cloud) -> None:
    image = images_of(cloud)[2]

    outcome = holds.hold(cloud.sites, image.image_id, cloud.now + timedelta(days=9), cloud.now)

    assert outcome.reason == "held until 2026-12-02T16:00Z"
    assert image.tags[HOLD] == "2026-12-02T16:00Z"


def test_a_hold_until_a_time_that_has_passed_is_refused(cloud: Cloud) -> None:
    image = images_of(cloud)[2]

    with pytest.raises(RefusedError, match="has passed"):
        holds.hold(cloud.sites, image.image_id, cloud.now, cloud.now)

    assert HOLD not in image.tags


def test_F68_holding_a_quarantined_point_brings_it_back_at_once(cloud: Cloud) -> None:
    image = images_of(cloud)[0]

    holds.hold(cloud.sites, image.image_id, None, cloud.now)
    cloud.clock.advance(QUARANTINE)
    expire(cloud)

    assert is_back(cloud, image)
    assert image.image_id in cloud.home.images


def test_releasing_a_quarantined_point_brings_it_back_for_a_week(cloud: Cloud) -> None:
    image = images_of(cloud)[0]

    outcome = holds.release(cloud.sites, image.image_id, cloud.now)

    assert is_back(cloud, image)
    assert outcome.reason == "brought back from quarantine; held until 2026-11-30T16:00Z"
    cloud.clock.advance(timedelta(days=6))
    expire(cloud)
    assert is_back(cloud, image)
    cloud.clock.advance(timedelta(days=2))
    expire(cloud)
    assert image.disabled


def test_releasing_a_point_that_is_not_held_is_already_so(cloud: Cloud) -> None:
    outcome = holds.release(cloud.sites, images_of(cloud)[3].image_id, cloud.now)

    assert outcome.result is Result.ALREADY


def test_a_point_that_is_no_longer_trusted_can_not_be_held(cloud: Cloud) -> None:
    image = images_of(cloud)[3]
    image.tags["snapback:retain"] = "last=9"

    with pytest.raises(RefusedError, match="not trusted: its retention tag says 'last=9'"):
        holds.hold(cloud.sites, image.image_id, None, cloud.now)


def test_an_image_that_is_no_point_of_ours_can_not_be_held(cloud: Cloud) -> None:
    foreign = cloud.add_image("golden", {})

    with pytest.raises(RefusedError, match=f"no recovery point of this deployment in {HOME}"):
        holds.hold(cloud.sites, foreign.image_id, None, cloud.now)


def test_only_a_quarantined_point_can_be_brought_back(cloud: Cloud) -> None:
    inventory = take_inventory(cloud.region(), cloud.catalogue)
    point = next(p for p in inventory.points if p.quarantined_at is None)

    with pytest.raises(RefusedError, match="is not quarantined"):
        deleting.release(cloud.site, point, inventory.records[point.name], "")
