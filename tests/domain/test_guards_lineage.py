"""The floor once more, by code that shares nothing with the decision."""

# A test's name is its sentence, and invariants keep their number's capital.
# ruff: noqa: D103, N802

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.guards import Guard
from chalicelib.domain.guards_lineage import floor_of, standing_stops
from chalicelib.domain.recovery_point import RecoveryPoint, State
from tests.builders import point


def guards(going: list[RecoveryPoint], usable: list[RecoveryPoint], floor: int) -> list[str]:
    """What stops each of *going*, or nothing."""
    stops = {s.subject: s.guard.value for s in standing_stops(going, usable, floor)}
    return [stops.get(p.image_id, "") for p in going]


@pytest.mark.parametrize(
    ("minimum", "is_dead", "floor"), [(1, False, 2), (5, False, 5), (5, True, 1), (1, True, 1)]
)
def test_I2_a_machine_that_lives_has_a_floor_of_two(
    minimum: int, is_dead: bool, floor: int
) -> None:
    assert floor_of(minimum, is_dead=is_dead) == floor


def test_I3_the_newest_never_goes() -> None:
    usable = [point(0), point(1), point(2)]

    assert guards(usable, usable, 1) == ["newest", "", ""]


def test_I2_what_would_go_below_the_floor_stays() -> None:
    usable = [point(d) for d in range(5)]

    assert guards(usable[:0:-1], usable, 3) == ["", "", "floor", "floor"]


def test_I8_a_quarantined_point_is_not_deleted_when_nothing_else_is_left() -> None:
    waiting = point(9, state=State.QUARANTINED)

    assert guards([waiting], [], 1) == ["last-point"]
    assert guards([waiting], [point(0)], 2) == ["floor"]
    assert guards([waiting], [point(0), point(1)], 2) == [""]


@given(st.integers(0, 8), st.integers(1, 5), st.lists(st.integers(0, 7), unique=True))
def test_I2_I3_whatever_is_asked_the_floor_and_the_newest_stand(
    count: int, floor: int, wanted: list[int]
) -> None:
    usable = [point(d) for d in range(count)]
    going = [usable[n] for n in wanted if n < count]
    stopped = {s.subject for s in standing_stops(going, usable, floor)}
    left = [p for p in usable if p not in going or p.image_id in stopped]

    assert len(left) >= min(floor, count)
    assert not usable or usable[0] in left
    assert Guard.FLOOR.is_hard
