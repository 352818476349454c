"""Taking up the points of a lost catalogue."""

# A test's name is its sentence.
# ruff: noqa: D103

import pytest

from chalicelib.domain.records import Stage
from chalicelib.jobs import setup
from chalicelib.jobs.rollback import commands
from tests.fakes.cloud import HOME, Cloud
from tests.jobs.scenes import (
    BRIEF,
    QUARANTINE,
    changes,
    desk,
    expire,
    follow,
    hours,
    images_of,
    reason,
    request,
    settled,
    tick,
    told,
)


@pytest.fixture
def cloud() -> Cloud:
    """Four points, two of them quarantined, and an empty catalogue."""
    made = Cloud()
    made.add_machine(BRIEF)
    hours(made, 4)
    expire(made)
    made.catalogue.rows.clear()
    made.catalogue.manifests.clear()
    made.catalogue.machines.clear()
    return made


def test_without_a_catalogue_nothing_is_trusted_and_nothing_deleted(cloud: Cloud) -> None:
    cloud.clock.advance(QUARANTINE)

    with cloud.wire.recording() as calls:
        expire(cloud)

    assert {call.partition("(")[0] for call in changes(calls)} == {"catalogue.put_memory"}


def test_every_point_is_taken_up_and_expiry_goes_on_where_it_was(cloud: Cloud) -> None:
    """G19: rebuilt from tags, the same points go."""
    names = [i.name for i in images_of(cloud)]

    report = setup.run(cloud.sites)
    tick(cloud)
    cloud.clock.advance(QUARANTINE)
    expire(cloud)

    assert len(told(report)) == 4
    assert "its manifest is lost" in reason(report, images_of(cloud)[0].image_id)
    left = [i.name for i in images_of(cloud) if "20261123T16" not in i.name]
    assert left == names[2:]
    assert cloud.catalogue.rows[HOME, names[3]].stage is Stage.SETTLED


def test_a_point_whose_manifest_is_known_is_simply_known_again() -> None:
    cloud = Cloud()
    cloud.add_machine(BRIEF)
    settled(cloud)
    cloud.catalogue.rows.clear()

    report = setup.run(cloud.sites)

    assert [o.reason for o in report.outcomes] == ["known again"]


def test_taking_up_again_changes_nothing(cloud: Cloud) -> None:
    setup.run(cloud.sites)

    with cloud.wire.recording() as calls:
        report = setup.run(cloud.sites)

    assert (told(report), changes(calls)) == ([], [])


def test_a_point_taken_up_can_be_rolled_back_to(cloud: Cloud) -> None:
    [web] = cloud.home.machines.values()
    setup.run(cloud.sites)
    tick(cloud)

    journal = commands.apply(desk(cloud), request(web), None, cloud.now)

    assert follow(cloud, journal.id).replacement_id


def test_what_contradicts_itself_is_not_taken_up(cloud: Cloud) -> None:
    image = images_of(cloud)[3]
    image.tags["snapback:instance"] = "i-0bad0bad0bad0bad0"

    report = setup.run(cloud.sites)

    assert image.image_id not in {s for s, _, _ in told(report)}
