"""The guards' names, what they say, and how much one run may take."""

# A test's name is its sentence, and invariants keep their number's capital.
# ruff: noqa: D103, N802

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.guards import Bounds, Guard, Stop

HARD = {
    "ownership", "hold", "newest", "last-point", "floor", "in-use", "locked", "protected",
    "managed-elsewhere", "second-look", "listing",
}  # fmt: skip


@pytest.mark.parametrize("guard", list(Guard))
def test_every_guard_says_a_way_out_and_whether_it_can_be_overridden(guard: Guard) -> None:
    stop = Stop(guard=guard, subject="ami-1", reason="so")
    said = stop.way_out("d1ge57")

    if guard.value in HARD:
        assert guard.is_hard
        assert said.endswith("nothing overrides this guard")
    else:
        assert f"--override {guard.value} --digest d1ge57" in said
    assert stop.as_json("d1ge57")["guard"] == guard.value


@pytest.mark.parametrize(
    ("points", "lineage", "region"),
    [(0, 1, 50), (3, 1, 50), (4, 1, 50), (8, 2, 50), (1000, 250, 50), (1001, 250, 50)],
)
def test_I7_one_run_takes_a_quarter_of_a_lineage_and_fifty_of_a_region(
    points: int, lineage: int, region: int
) -> None:
    assert (Bounds().of_lineage(points), Bounds().of_region(points)) == (lineage, region)


@given(st.integers(0, 10**6))
def test_L5_a_bound_never_stops_everything(points: int) -> None:
    """In a large region it grows with the points, or a fleet's nights would pile up."""
    assert Bounds().of_lineage(points) >= 1
    assert Bounds().of_region(points) >= max(50, points // 20)
