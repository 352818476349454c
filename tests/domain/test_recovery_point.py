"""What a recovery point is good for."""

# A test's name is its sentence.
# ruff: noqa: D103

from chalicelib.domain.recovery_point import Kind, State


def test_one_counts_only_on_points_that_were_seen_usable() -> None:
    assert {state for state in State if state.is_usable} == {State.USABLE, State.VERIFIED}


def test_kinds_are_those_of_the_tag() -> None:
    assert [kind.value for kind in Kind] == ["scheduled", "manual", "change", "safety", "copy"]
