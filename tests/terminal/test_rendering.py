"""Answers as text: everything that a payload says is on the screen."""

from typing import Any

import pytest

from chalicelib.terminal.rendering import render

LINE = {"property": "type", "value": "t3.micro", "observed": "", "fate": "restored", "why": "same"}
STEP = {
    "name": "launch", "action": "ec2:RunInstances", "about": "launch it", "undo": "terminate it",
    "interruption": "none", "state": "todo", "note": "",
}  # fmt: skip
PLAN: dict[str, Any] = {
    "instance": "i-1", "image": "ami-1", "mode": "relaunch", "mode_reason": "only mode",
    "steps": [STEP, {**STEP, "interruption": "seconds"}], "blockers": [], "warnings": [],
    "fidelity": [LINE], "digest": "d1g357",
}  # fmt: skip
JOURNAL: dict[str, Any] = {
    "rollback": "rb-1", "state": "running", "reason": "", "instance": "i-1", "replacement": "",
    "image": "ami-1", "steps": [STEP, {**STEP, "state": "begun", "note": "pending"}],
    "fidelity": [],
}  # fmt: skip


def shown(command: str, payload: dict[str, Any]) -> str:
    """The whole screen."""
    return "\n".join(render(command, payload))


def test_an_error_shows_message_and_hint() -> None:
    """Whatever command it answers."""
    error = {"code": "refused", "message": "no", "hint": "try another"}

    assert render("points", {"error": error}) == ["snapback: no", "  hint: try another"]
    assert render("", {"error": {**error, "hint": ""}}) == ["snapback: no"]


def test_a_plan_shows_every_step_its_call_and_its_undo() -> None:
    """What is to be read before anything is touched."""
    text = shown("rollback plan", PLAN)

    assert "roll back i-1 to ami-1 (relaunch: only mode)" in text
    assert "  1. launch it" in text
    assert text.count("call: ec2:RunInstances") == 2
    assert text.count("undo: terminate it") == 2
    assert text.count("interruption: seconds") == 1
    assert "blockers:" not in text
    assert "warnings:" not in text
    assert "--digest d1g357" in text


def test_a_blocked_plan_shows_why_and_offers_no_way_to_apply_it() -> None:
    """Warnings beside."""
    text = shown("rollback plan", {**PLAN, "blockers": ["key lost"], "warnings": ["old point"]})

    assert "blockers:\n  x key lost" in text
    assert "warnings:\n  ! old point" in text
    assert "apply it" not in text


@pytest.mark.parametrize(
    ("state", "offer"),
    [
        ("running", "go on: snapback rollback resume rb-1 --wait"),
        ("undoing", "go on: snapback rollback resume rb-1 --wait"),
        ("done", "undo it: snapback rollback undo rb-1"),
        ("undone", ""),
        ("accepted", ""),
    ],
)
def test_a_journal_offers_what_can_be_done_next(state: str, offer: str) -> None:
    """And nothing else."""
    text = shown("rollback", {**JOURNAL, "state": state, "fidelity": [LINE]})

    assert ("snapback rollback" in text) == bool(offer)
    assert offer in text
    assert "restored  type" in text


def test_a_journal_shows_how_far_each_step_has_come() -> None:
    """With its note, and the reason when there is one."""
    text = shown("rollback", {**JOURNAL, "reason": "launch failed", "replacement": "i-2"})

    assert text.startswith("rb-1 running (launch failed): i-1 -> i-2 from ami-1")
    assert "[ ] launch it" in text
    assert "[>] launch it\n      pending" in text
    assert "(not launched)" in shown("rollback", JOURNAL)


def test_outcomes_of_a_command_without_a_picture_are_a_table() -> None:
    """And their number by result."""
    outcome = {"result": "done", "action": "hold", "subject": "ami-1", "reason": "held"}
    text = shown("hold", {"outcomes": [outcome, {**outcome, "image": "ami-2"}]})

    assert "ami-2" in text
    assert text.endswith("2 done")


def test_a_held_point_says_so() -> None:
    """Beside its state."""
    point = {
        "image": "ami-1", "instance": "i-1", "kind": "manual", "slot": "s", "age": "1d",
        "state": "usable", "size_gib": 8, "hold": "forever", "fate": "keep",
        "reasons": ["held", "newest"],
    }  # fmt: skip

    assert "8 GiB  usable held  keep: held; newest" in shown("points", {"points": [point]})


def test_an_explanation_without_runs_is_words_alone() -> None:
    """A retention never runs."""
    assert render("explain", {"meaning": ["Keeps it."], "runs": []}) == ["Keeps it."]
