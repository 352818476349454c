"""The journal: whatever happens between two writes, everything begun ends done or undone."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.canonical import from_json, to_json
from chalicelib.domain.errors import RefusedError
from chalicelib.domain.rollback.journal import (
    Journal,
    RollbackState,
    StepState,
    accept,
    begin_step,
    finish_step,
    note_step,
    turn_back,
)
from tests.builders import NOON, journal

LATER = NOON + timedelta(minutes=1)
STEPS = ("launch", "prove", "adopt")


def done(name: str, fresh: Journal, **facts: str) -> Journal:
    return finish_step(begin_step(fresh, name, NOON), name, NOON, "seen", facts)


def worked_off(current: Journal) -> tuple[list[str], Journal]:
    """The steps that were next, one after the other, and the journal when none was left."""
    met: list[str] = []
    while current.next_step and len(met) < 20:
        met.append(current.next_step.name)
        current = done(current.next_step.name, current)
    return met, current


def finished() -> Journal:
    return worked_off(journal(*STEPS))[1]


def states(one: Journal) -> list[StepState]:
    return [step.state for step in one.steps]


def next_name(one: Journal) -> str:
    return one.next_step.name if one.next_step else ""


def test_steps_are_worked_on_in_their_order_and_the_last_one_ends_the_rollback() -> None:
    met, running = worked_off(journal(*STEPS))

    assert met == list(STEPS)
    assert running.state is RollbackState.DONE
    assert not running.state.is_open


def test_a_step_once_begun_stays_the_next_one_and_keeps_the_time_of_its_first_try() -> None:
    begun = begin_step(journal(*STEPS), "launch", NOON)
    again = begin_step(begun, "launch", LATER)

    assert next_name(again) == "launch"
    assert again.step("launch").state is StepState.BEGUN
    assert again.step("launch").began_at == NOON
    assert again.updated_at == LATER


def test_what_a_step_learned_is_there_for_the_later_ones() -> None:
    running = begin_step(journal(*STEPS), "launch", NOON)
    running = note_step(running, "launch", LATER, "pending", {"replacement": "i-new"})

    assert running.step("launch").note == "pending"
    assert running.step("launch").state is StepState.BEGUN
    assert running.replacement_id == "i-new"

    running = finish_step(running, "launch", LATER, "running", {"zone": "a"})
    assert running.replacement_id == "i-new"
    assert running.fact("zone") == "a"
    assert running.fact("never learned") == ""


def test_undoing_goes_backwards_and_starts_with_the_step_that_may_have_happened() -> None:
    running = done("launch", journal(*STEPS), replacement="i-new")
    back = turn_back(begin_step(running, "prove", NOON), LATER, "prove failed")
    met, back = worked_off(back)

    assert met == ["prove", "launch"]
    assert back.state is RollbackState.UNDONE
    assert back.reason == "prove failed"
    assert states(back) == [StepState.UNDONE, StepState.UNDONE, StepState.TODO]
    assert back.replacement_id == "i-new"


def test_undoing_a_step_has_a_time_limit_of_its_own() -> None:
    """``began_at`` counts from the first try at undoing, not from the step's own."""
    back = turn_back(begin_step(journal(*STEPS), "launch", NOON), LATER, "asked for")
    undoing = begin_step(back, "launch", LATER)

    assert undoing.step("launch").state is StepState.UNDOING
    assert undoing.step("launch").began_at == LATER
    assert next_name(undoing) == "launch"


def test_a_finished_rollback_can_be_undone() -> None:
    back = turn_back(finished(), LATER, "asked for")

    assert back.state is RollbackState.UNDOING
    assert back.state.is_open
    assert next_name(back) == "adopt"
    assert back.updated_at == LATER


def test_there_is_nothing_to_undo_before_anything_was_begun() -> None:
    assert turn_back(journal(*STEPS), LATER, "asked for").state is RollbackState.UNDONE


@pytest.mark.parametrize("state", [RollbackState.UNDOING, RollbackState.UNDONE])
def test_asking_twice_to_undo_changes_nothing(state: RollbackState) -> None:
    back = journal(*STEPS, state=state, reason="the first reason")

    assert turn_back(back, LATER, "another") is back


def test_what_was_accepted_is_not_undone() -> None:
    accepted = accept(finished(), LATER)

    assert accepted.state is RollbackState.ACCEPTED
    assert accepted.next_step is None
    assert accept(accepted, LATER) is accepted
    with pytest.raises(RefusedError, match="was accepted") as caught:
        turn_back(accepted, LATER, "too late")
    assert "roll back again" in caught.value.hint


@pytest.mark.parametrize(
    "state", [RollbackState.RUNNING, RollbackState.UNDOING, RollbackState.UNDONE]
)
def test_only_a_finished_rollback_is_accepted(state: RollbackState) -> None:
    with pytest.raises(RefusedError, match=f"is {state.value}; only a finished one"):
        accept(journal(*STEPS, state=state), LATER)


def test_a_step_that_the_plan_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError, match="stop-original"):
        begin_step(journal(*STEPS), "stop-original", NOON)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 6), st.lists(st.sampled_from(("work", "crash", "undo", "note")), max_size=40))
def test_F87_any_interleaving_ends_with_every_step_that_was_begun_done_or_undone(
    size: int, events: list[str]
) -> None:
    """A crash is a begin without its end; whoever comes next finds the same step again."""
    current = journal(*(f"step-{n}" for n in range(size)))
    ever_begun: set[str] = set()
    for event in [*events, *["work"] * 2 * size]:
        if event == "undo":
            current = turn_back(current, NOON, "asked for")
        step = current.next_step
        if step is None:
            continue
        current = begin_step(current, step.name, NOON)
        ever_begun.add(step.name)
        assert next_name(current) == step.name
        if event == "note":
            current = note_step(current, step.name, NOON, "not yet", {})
        elif event == "work":
            current = finish_step(current, step.name, NOON, "seen", {})
        # What is written is what is read: every journal survives the catalogue.
        assert from_json(Journal, to_json(current)) == current

    ended = {step.name: step.state for step in current.steps}
    assert current.state in (RollbackState.DONE, RollbackState.UNDONE)
    wanted = StepState.DONE if current.state is RollbackState.DONE else StepState.UNDONE
    assert {ended[name] for name in ever_begun} <= {wanted}
    assert {state for name, state in ended.items() if name not in ever_begun} <= {StepState.TODO}


def test_a_finished_rollback_that_is_undone_and_crashes_everywhere_still_ends() -> None:
    back = turn_back(finished(), LATER, "asked for")
    for name in reversed(STEPS):
        crashed = begin_step(back, name, NOON)
        assert next_name(crashed) == name
        back = finish_step(begin_step(crashed, name, LATER), name, LATER, "seen", {})

    assert back == replace(back, state=RollbackState.UNDONE)
    assert set(states(back)) == {StepState.UNDONE}
