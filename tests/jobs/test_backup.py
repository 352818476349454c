"""Points on request, and waiting for them."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from datetime import timedelta

import pytest

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.point_tags import STATE
from chalicelib.domain.recovery_point import Kind
from chalicelib.domain.report import Result
from chalicelib.domain.retention import parse_retention
from chalicelib.jobs import backup
from chalicelib.jobs.backup import Asked, Wait
from tests.fakes.cloud import AWAY, HOME, Cloud
from tests.fakes.place import Pace
from tests.jobs.scenes import changes, image_of, images_of

MONTH = parse_retention("within=30d")


@pytest.fixture
def cloud() -> Cloud:
    return Cloud(names=(HOME, AWAY))


def ask(cloud: Cloud, *ids: str, reboot: bool = False) -> tuple[Asked, ...]:
    return backup.run(cloud.sites, ids, MONTH, cloud.now, reboot=reboot)


def test_points_are_taken_where_each_instance_is(cloud: Cloud) -> None:
    near, far = cloud.add_machine(), cloud.add_machine(region=AWAY)

    asked = ask(cloud, far.id, near.id, near.id)

    assert [(a.taken.outcome.subject, a.site.region.name) for a in asked] == [
        (near.id, HOME),
        (far.id, AWAY),
    ]
    [image] = cloud.home.images.values()
    assert image.name == f"snapback/{near.id}/manual/20261123T120000Z"
    assert image.image_id == asked[0].taken.image_id
    assert image.tags["snapback:kind"] == Kind.MANUAL.value
    assert image.tags["snapback:retain"] == "within=30d"


def test_asking_again_in_the_same_second_gives_the_same_points(cloud: Cloud) -> None:
    web = cloud.add_machine()

    first, second = ask(cloud, web.id), ask(cloud, web.id)

    assert second[0].taken.outcome.result is Result.ALREADY
    assert second[0].taken.image_id == first[0].taken.image_id
    assert len(images_of(cloud)) == 1


def test_an_instance_that_is_nowhere_stops_the_request_before_anything_is_done(
    cloud: Cloud,
) -> None:
    web = cloud.add_machine()

    with (
        cloud.wire.recording() as calls,
        pytest.raises(NotFoundError, match=f"no instance i-0none in {HOME}, {AWAY}"),
    ):
        ask(cloud, web.id, "i-0none")

    assert changes(calls) == []


def test_F20_one_that_fails_never_stops_the_others(cloud: Cloud) -> None:
    web, db = cloud.add_machine(), cloud.add_machine()
    gone = cloud.add_machine(state=InstanceState.TERMINATED)
    cloud.wire.fail("images.create", "SomethingNew", about=web.id)

    asked = ask(cloud, web.id, db.id, gone.id)

    results = {a.taken.outcome.subject: a.taken.outcome.result for a in asked}
    assert results == {
        web.id: Result.FAILED,
        db.id: Result.DONE,
        gone.id: Result.SKIPPED,
    }


def test_F63_a_machine_that_has_its_fill_of_manual_points_is_refused_another(
    cloud: Cloud,
) -> None:
    """Points within their date stay, so a flood is stopped where it comes from."""
    web = cloud.add_machine()
    results = []
    for _ in range(4):
        cloud.advance(seconds=1)
        [asked] = backup.run(cloud.sites, [web.id], MONTH, cloud.now, most=3)
        results.append(asked.taken.outcome.result)
    [again] = backup.run(cloud.sites, [web.id], MONTH, cloud.now, most=3)

    assert results == [*[Result.DONE] * 3, Result.REFUSED]
    assert "most_manual allows" in again.taken.outcome.reason
    assert len(images_of(cloud)) == 3


def test_F10_only_who_asks_for_a_reboot_gets_one(cloud: Cloud) -> None:
    web = cloud.add_machine()

    with cloud.wire.recording() as calls:
        ask(cloud, web.id)
        cloud.advance(seconds=1)
        ask(cloud, web.id, reboot=True)

    requests = [c.arguments[0] for c in calls if c.name == "images.create"]
    assert [r.reboot for r in requests] == [False, True]  # type: ignore[attr-defined]


def test_who_waits_for_nothing_hears_at_once(cloud: Cloud) -> None:
    [asked] = ask(cloud, cloud.add_machine().id)

    outcome = backup.reached(asked, Wait.NONE)

    assert outcome is not None
    assert outcome.result is Result.DONE


@pytest.mark.parametrize("wait", [Wait.POINT_IN_TIME, Wait.AVAILABLE])
def test_a_point_that_could_not_be_taken_is_not_waited_for(cloud: Cloud, wait: Wait) -> None:
    web = cloud.add_machine(root_device_type="instance-store")

    [asked] = ask(cloud, web.id)

    outcome = backup.reached(asked, wait)
    assert outcome is not None
    assert outcome.result is Result.SKIPPED


def test_a_point_in_time_is_reached_when_every_snapshot_exists(cloud: Cloud) -> None:
    cloud.home.pace = Pace(mapped=timedelta(minutes=1), visible=timedelta(seconds=30))
    [asked] = ask(cloud, cloud.add_machine().id)

    answers = []
    for _ in range(3):
        answers.append(backup.reached(asked, Wait.POINT_IN_TIME))
        cloud.advance(seconds=30)

    assert [a is not None for a in answers] == [False, False, True]


def test_available_is_reached_when_the_image_is_usable_and_settles_it(cloud: Cloud) -> None:
    [asked] = ask(cloud, cloud.add_machine().id)
    image = image_of(cloud)
    cloud.home.snapshots[image.snapshots[1].snapshot_id].complete_at += timedelta(minutes=1)

    early = backup.reached(asked, Wait.AVAILABLE)
    cloud.advance(minutes=4)
    almost = backup.reached(asked, Wait.AVAILABLE)
    cloud.advance(minutes=1)
    there = backup.reached(asked, Wait.AVAILABLE)

    assert (early, almost) == (None, None)
    assert there is not None
    assert there.result is Result.DONE
    assert image.tags[STATE] == "usable"


@pytest.mark.parametrize("wait", [Wait.POINT_IN_TIME, Wait.AVAILABLE])
def test_F07_an_image_that_ec2_fails_ends_the_wait(cloud: Cloud, wait: Wait) -> None:
    cloud.home.breaking = 1
    [asked] = ask(cloud, cloud.add_machine().id)
    cloud.advance(minutes=4)

    outcome = backup.reached(asked, wait)

    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.FAILED, "EC2 could not make the image")


def test_a_snapshot_in_error_ends_the_wait_for_an_available_image(cloud: Cloud) -> None:
    """EC2 calls the image available, but one of its snapshots never completes."""
    [asked] = ask(cloud, cloud.add_machine().id)
    cloud.home.snapshots[image_of(cloud).snapshots[0].snapshot_id].broken = True
    cloud.advance(minutes=5)

    outcome = backup.reached(asked, Wait.AVAILABLE)

    assert outcome is not None
    assert outcome.result is Result.FAILED
