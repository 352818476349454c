"""Reading for people: what there is, why it is kept, what is due."""

# A test's name is its sentence.
# ruff: noqa: D103

import pytest

from chalicelib.domain.due import Due, NotDue
from chalicelib.domain.errors import RefusedError
from chalicelib.jobs import listing
from chalicelib.jobs.rollback import commands
from tests.fakes.cloud import Cloud
from tests.jobs.scenes import (
    BRIEF,
    DAILY,
    SCHEDULES,
    TERMS,
    changes,
    desk,
    expire,
    follow,
    hours,
    images_of,
    request,
    settled,
)


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud()
    made.add_machine(BRIEF)
    hours(made, 3)
    return made


def test_points_are_listed_newest_first_with_their_fate_and_the_reason(cloud: Cloud) -> None:
    expire(cloud)

    with cloud.wire.recording() as calls:
        listed = listing.points(cloud.sites, TERMS, "", cloud.now)

    first, second, third = images_of(cloud)
    assert [(p.point.image_id, p.fate) for p in listed] == [
        (third.image_id, "keep"),
        (second.image_id, "keep"),
        (first.image_id, "expire"),
    ]
    assert listed[0].reasons == ("newest usable point", "last 1/2", "minimum of 1")
    assert changes(calls) == []


def test_a_listed_point_in_json(cloud: Cloud) -> None:
    [newest, *_] = listing.points(cloud.sites, TERMS, "", cloud.now)

    line = newest.as_json(cloud.now)

    assert line["image"] == images_of(cloud)[-1].image_id
    assert (line["slot"], line["age"], line["state"]) == ("2026-11-23T14:00Z", "1h", "usable")
    assert (line["plan"], line["retain"], line["fate"]) == ("hourly", "last=2", "keep")


def test_points_of_one_instance_are_those_of_its_lineage(cloud: Cloud) -> None:
    web = next(iter(cloud.home.machines.values()))
    db = cloud.add_machine(DAILY)
    settled(cloud)
    journal = follow(cloud, commands.apply(desk(cloud), request(web), None, cloud.now).id)

    of_the_replacement = listing.points(cloud.sites, TERMS, journal.replacement_id, cloud.now)
    of_db = listing.points(cloud.sites, TERMS, db.id, cloud.now)
    of_nobody = listing.points(cloud.sites, TERMS, "i-0none", cloud.now)

    assert {p.point.lineage for p in of_the_replacement} == {web.id}
    assert {p.point.lineage for p in of_db} == {db.id}
    assert of_nobody == ()


def test_show_gives_the_point_its_row_and_its_manifest(cloud: Cloud) -> None:
    image = images_of(cloud)[0]

    point, record, manifest = listing.show(cloud.sites, image.image_id)
    cloud.catalogue.manifests.clear()
    _, _, lost = listing.show(cloud.sites, image.image_id)

    assert (point.image_id, record.name) == (image.image_id, image.name)
    assert manifest is not None
    assert manifest.instance_type == "m5.large"
    assert lost is None


def test_show_refuses_what_is_no_point(cloud: Cloud) -> None:
    with pytest.raises(RefusedError, match="is no recovery point"):
        listing.show(cloud.sites, "ami-0none")


def test_due_says_of_each_tagged_machine_why_or_why_not(cloud: Cloud) -> None:
    new = cloud.add_machine(DAILY)
    off = cloud.add_machine({"snapback:plan": "off"})
    bad = cloud.add_machine({"snapback:plan": "dialy"})

    with cloud.wire.recording() as calls:
        verdicts, problems = listing.due(cloud.sites, SCHEDULES, cloud.now)

    told = {i.instance_id: v for i, v in verdicts}
    assert isinstance(told[new.id], Due)
    assert isinstance(told[off.id], NotDue)
    assert told[off.id].reason == "its tag says not to back it up"
    assert told[bad.id].reason == "its tags can not be read, and it has no point to go by"
    assert [p.instance_id for p in problems] == [bad.id]
    assert changes(calls) == []
