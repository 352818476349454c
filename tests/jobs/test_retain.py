"""Changing a frozen retention: read, approved, recorded, and finished when cut off."""

# A test's name is its sentence, and invariants keep their number's capital.
# ruff: noqa: D103, N802

from copy import deepcopy

import pytest

from chalicelib.domain.errors import InvalidInputError, NotFoundError, RefusedError
from chalicelib.domain.plans import parse_plans
from chalicelib.domain.point_tags import KEEP_UNTIL, RETAIN
from chalicelib.domain.report import Result, RunReport
from chalicelib.domain.retention import parse_retention
from chalicelib.jobs import retain
from chalicelib.jobs.retain import RetainPlan, Wanted
from tests.fakes.cloud import HOME, Cloud
from tests.jobs.scenes import BRIEF, expire, hours, images_of, reason, survive, told

BOOK = parse_plans("")
WHO = "arn:aws:iam::123456789012:user/ops"


@pytest.fixture
def cloud() -> Cloud:
    """A machine with four points that are to be kept."""
    made = Cloud()
    made.add_machine({**BRIEF, "snapback:retain": "last=4"})
    hours(made, 4)
    return made


def lineage(cloud: Cloud) -> str:
    [web] = cloud.home.machines
    return web


def read(cloud: Cloud, rule: str = "last=2", image: str = "") -> RetainPlan:
    wanted = Wanted(
        retention=parse_retention(rule), image_id=image, lineage="" if image else lineage(cloud)
    )
    return retain.plan(cloud.sites, wanted, BOOK)


def applied(cloud: Cloud, rule: str = "last=2", image: str = "") -> RunReport:
    plan = read(cloud, rule, image)
    return retain.apply(cloud.sites, plan, plan.digest, by=WHO, now=cloud.now)


def test_the_plan_says_before_and_after_of_every_point_and_changes_nothing(cloud: Cloud) -> None:
    before = deepcopy(cloud.catalogue.rows)
    plan = read(cloud)

    assert [(c.before, c.after) for c in plan.changes] == [("last=4", "last=2")] * 4
    assert [o.reason for o in plan.outcomes()] == [
        "would be retained by last=2 instead of last=4"
    ] * 4
    assert plan.changes[0].as_json()["after"] == "last=2"
    assert cloud.catalogue.rows == before


def test_I9_shrinking_on_purpose_is_recorded_and_the_next_run_obeys(cloud: Cloud) -> None:
    [web] = cloud.home.machines.values()
    web.configuration.tags.pop("snapback:retain")  # type: ignore[attr-defined]
    web.configuration.tags["snapback:plan"] = "off"  # type: ignore[index]
    report = applied(cloud)
    after = expire(cloud)

    assert [r for _, a, r in told(report) if a == "retain"] == ["done"] * 4
    image = images_of(cloud)[0]
    assert image.tags[RETAIN] == "last=2"
    assert all(
        cloud.home.snapshots[s.snapshot_id].tags[RETAIN] == "last=2" for s in image.snapshots
    )
    assert sum(a == "quarantine" for _, a, _ in told(after)) == 2
    [first, *_] = cloud.catalogue.retain_changes(HOME)
    assert (first.by, first.before, first.after, first.at) == (WHO, "last=4", "last=2", cloud.now)


def test_a_rule_that_is_a_date_has_its_date_stamped_and_taken_off_again(cloud: Cloud) -> None:
    image = images_of(cloud)[0]
    applied(cloud, "within=30d", image.image_id)
    dated = image.tags[KEEP_UNTIL]
    applied(cloud, "last=3", image.image_id)

    assert dated == "2026-12-23T12:00:00Z"
    assert KEEP_UNTIL not in image.tags
    assert [RETAIN in i.tags and i.tags[RETAIN] for i in images_of(cloud)[1:]] == ["last=4"] * 3


def test_only_the_plan_that_was_read_is_applied(cloud: Cloud) -> None:
    plan = read(cloud)

    with pytest.raises(InvalidInputError, match="--apply needs --digest"):
        retain.apply(cloud.sites, plan, "", by=WHO, now=cloud.now)
    with pytest.raises(RefusedError, match="the plan has changed"):
        retain.apply(cloud.sites, plan, "0123", by=WHO, now=cloud.now)
    assert cloud.catalogue.retain_changes(HOME) == ()


def test_nothing_goes_below_the_operators_rails(cloud: Cloud) -> None:
    book = parse_plans('[guards]\nminimum = "last=3"\n')
    wanted = Wanted(retention=parse_retention("last=2"), lineage=lineage(cloud))

    with pytest.raises(RefusedError, match="below the operator's minimum"):
        retain.plan(cloud.sites, wanted, book)


def test_points_that_have_it_or_are_not_trusted_are_passed_over_and_say_so(cloud: Cloud) -> None:
    strange = images_of(cloud)[0]
    strange.tags["snapback:slot"] = "2020-01-01T00:00Z"
    orphan = images_of(cloud)[1]
    del cloud.catalogue.rows[HOME, orphan.name]
    report = applied(cloud, "last=4")

    assert [r for _, _, r in told(report)] == ["already", "already", "refused", "refused"]
    assert "not trusted" in reason(report, strange.image_id)


def test_a_machine_without_points_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(NotFoundError):
        read(cloud, image="ami-0bad0bad0bad0bad0")


@pytest.mark.parametrize("after", [False, True])
def test_F64_a_change_cut_off_anywhere_is_finished_by_the_same_command(
    cloud: Cloud, after: bool
) -> None:
    """Until then the point disagrees with its row, and nothing deletes it."""
    image = images_of(cloud)[0].image_id
    nth = 0
    while True:
        nth += 1
        world = deepcopy(cloud)
        plan = read(world, "within=9d", image)
        world.wire.crash(nth, after=after)
        ended = survive(
            lambda w=world, p=plan: retain.apply(w.sites, p, p.digest, by=WHO, now=w.now)  # type: ignore[misc]
        )
        world.wire.calm()
        expire(world)
        assert image in world.home.images
        applied(world, "within=9d", image)

        assert world.home.images[image].tags[RETAIN] == "within=9d"
        row = world.catalogue.rows[HOME, world.home.images[image].name]
        assert row.retain == "within=9d"
        assert [o.result for o in read(world, "within=9d", image).outcomes()] == [Result.ALREADY]
        if ended:
            break
    assert nth > 3
