"""Which point a rollback goes back to, and every reason to refuse one."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from datetime import timedelta

import pytest

from chalicelib.domain.errors import InvalidInputError, RefusedError
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State
from chalicelib.domain.rollback.selection import By, Choice, parse_choice, refuse_unfit, select
from tests.builders import IMAGE, NIGHT, NOON, WEB, recovery_point

OTHER = "i-0fedcba9876543210"


def nights_ago(nights: int, **changes: object) -> RecoveryPoint:
    made = NIGHT - timedelta(days=nights)
    return recovery_point(image_id=f"ami-{nights:017x}", at=made, created_at=made, **changes)


def test_every_form_of_to_is_read() -> None:
    assert parse_choice("latest") == Choice(By.LATEST)
    assert parse_choice("verified") == Choice(By.VERIFIED)
    assert parse_choice("change:upgrade-7") == Choice(By.CHANGE, "upgrade-7")
    assert parse_choice(IMAGE) == Choice(By.IMAGE, IMAGE)
    assert parse_choice("before:2026-11-23T12:00Z") == Choice(By.BEFORE, "2026-11-23T12:00Z", NOON)
    assert parse_choice("before:2026-11-23").moment == NOON - timedelta(hours=12)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "--to '' names no recovery point"),
        ("newest", "--to 'newest' names no recovery point"),
        ("Latest", "--to 'Latest' names no recovery point"),
        ("before:", "--to 'before:' names no recovery point"),
        ("change:", "--to 'change:' names no recovery point"),
        ("image:ami-1", "--to 'image:ami-1' names no recovery point"),
        ("before:yesterday", "--to before: 'yesterday' is not a time"),
        ("before:2026-11-23T12:00", "--to before: '2026-11-23T12:00' has no zone"),
        ("ami-1", "image 'ami-1' is not an image id"),
        (f"{IMAGE} ", f"image '{IMAGE} ' is not an image id"),
    ],
)
def test_what_names_no_point_is_refused_with_the_forms(text: str, why: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_choice(text)

    assert caught.value.message.startswith(why)
    assert caught.value.hint


def test_latest_is_the_newest_usable_point_of_the_lineage() -> None:
    points = [
        nights_ago(0, state=State.PENDING),
        nights_ago(1, problems=("its seal is broken",)),
        nights_ago(2, lineage=OTHER),
        nights_ago(3, kind=Kind.MANUAL),
        nights_ago(4),
    ]

    assert select(reversed(points), parse_choice("latest"), WEB) == points[3]
    assert select(points, parse_choice("latest"), OTHER) == points[2]


@pytest.mark.parametrize(
    ("to", "nights"),
    [
        ("latest", 0),
        ("verified", 1),
        ("change:upgrade-7", 2),
        ("before:2026-11-23T03:00Z", 1),
        ("before:2026-11-23T03:01Z", 0),
        ("before:2026-11-21", 3),
        (f"ami-{3:017x}", 3),
    ],
)
def test_each_choice_means_the_newest_point_that_fits(to: str, nights: int) -> None:
    points = [
        nights_ago(0, change="upgrade-7"),
        nights_ago(1, state=State.VERIFIED, kind=Kind.CHANGE, change="upgrade-6"),
        nights_ago(2, kind=Kind.CHANGE, change="upgrade-7"),
        nights_ago(3, change="upgrade-7"),
    ]

    assert select(points, parse_choice(to), WEB) == points[nights]


def test_before_counts_when_the_image_was_made_and_not_its_slot() -> None:
    """A slot caught up late holds what was written after it."""
    late = recovery_point(at=NIGHT, created_at=NOON)

    with pytest.raises(RefusedError, match="no usable recovery point for --to before:"):
        select([late], parse_choice("before:2026-11-23T04:00Z"), WEB)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("latest", "--to latest"),
        ("change:upgrade-8", "--to change:upgrade-8"),
        ("before:2020-01-01", "--to before:2020-01-01T00:00:00Z"),
    ],
)
def test_a_choice_that_nothing_fits_is_refused_by_name(to: str, said: str) -> None:
    with pytest.raises(RefusedError) as caught:
        select([recovery_point(lineage=OTHER)], parse_choice(to), WEB)

    assert caught.value.message == f"lineage {WEB} has no usable recovery point for {said}"
    assert caught.value.hint == f"see `snapback points {WEB}`"


def test_a_refusal_counts_the_points_that_would_fit_if_they_were_usable() -> None:
    failed = [nights_ago(n, state=State.FAILED) for n in range(2)]

    with pytest.raises(RefusedError, match=r"\(2 that are not usable\)"):
        select(failed, parse_choice("latest"), WEB)


@pytest.mark.parametrize("state", [State.USABLE, State.VERIFIED])
def test_a_usable_point_of_the_lineage_may_stand_in(state: State) -> None:
    refuse_unfit(recovery_point(state=state), WEB)

    assert select([recovery_point(state=state)], parse_choice(IMAGE), WEB).state is state


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (State.PENDING, "has not finished it"),
        (State.FAILED, "could not make it"),
        (State.QUARANTINED, "`snapback release` brings it back"),
        (State.DISABLED, "somebody disabled it"),
        (State.GONE, "it is deregistered"),
    ],
)
def test_F83_a_point_that_is_not_usable_is_refused_with_its_state(state: State, why: str) -> None:
    with pytest.raises(RefusedError) as caught:
        refuse_unfit(recovery_point(state=state), WEB)

    assert caught.value.message.startswith(f"{IMAGE} is {state.value}: ")
    assert why in caught.value.message
    assert WEB in caught.value.hint


def test_F82_a_point_of_another_machine_is_refused_whatever_its_state() -> None:
    with pytest.raises(RefusedError, match=f"is a recovery point of {OTHER}, not of {WEB}"):
        refuse_unfit(recovery_point(lineage=OTHER, state=State.FAILED), WEB)


def test_F82_a_point_that_is_not_trusted_is_refused_with_every_problem() -> None:
    with pytest.raises(RefusedError, match="is not trusted: one; another"):
        refuse_unfit(recovery_point(problems=("one", "another")), WEB)
