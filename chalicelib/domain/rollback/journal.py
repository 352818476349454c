"""The durable record of a rollback: which steps were begun, done and undone.

The journal is written before every step and after it. Whoever picks it up, after a
crash anywhere, knows which step may have happened and repeats it; every step is safe
to repeat. Everything here is a value: a transition returns the next journal.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.domain.configuration import Configuration
from chalicelib.domain.errors import RefusedError


class RollbackState(enum.Enum):
    """Where a rollback stands."""

    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    ACCEPTED = "accepted"

    @property
    def is_open(self) -> bool:
        """Whether there is work left that `resume` will do."""
        return self in (RollbackState.RUNNING, RollbackState.UNDOING)


class StepState(enum.Enum):
    """Where one step stands."""

    TODO = "todo"
    BEGUN = "begun"
    """Its calls may have been made, in part or whole."""
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One step of the plan and what became of it."""

    name: str
    action: str
    about: str
    undo: str
    params: Mapping[str, str] = field(default_factory=dict)
    state: StepState = StepState.TODO
    began_at: datetime | None = None
    note: str = ""
    """The latest observation, for the person who watches."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What undoing it, or a later step, must know: ids, former states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """One rollback, from the approval of its plan to its end."""

    id: str
    region: str
    lineage: str
    instance_id: str
    image_id: str
    mode: str
    digest: str
    configuration: Configuration
    """What the replacement is launched with."""
    user_data_from: str
    """``instance``, ``manifest:<digest>`` or ``none``: where the launch takes user data."""
    devices: tuple[str, ...]
    state: RollbackState
    steps: tuple[StepRecord, ...]
    created_at: datetime
    updated_at: datetime
    reason: str = ""
    """Why it is being undone, or how it ended."""

    def step(self, name: str) -> StepRecord:
        """The step called *name*; ``KeyError`` if the plan has none such."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def fact(self, key: str) -> str:
        """What any step learned under *key*, or empty."""
        return next((s.facts[key] for s in self.steps if key in s.facts), "")

    @property
    def next_step(self) -> StepRecord | None:
        """The step to work on: the first not done, or, undoing, the last not undone."""
        if self.state is RollbackState.RUNNING:
            return next((s for s in self.steps if s.state is not StepState.DONE), None)
        if self.state is RollbackState.UNDOING:
            pending = (StepState.BEGUN, StepState.DONE, StepState.UNDOING)
            return next((s for s in reversed(self.steps) if s.state in pending), None)
        return None

    @property
    def replacement_id(self) -> str:
        """The instance that this rollback launched, once it is known."""
        return self.fact("replacement")


def begin_step(journal: Journal, name: str, now: datetime) -> Journal:
    """The journal to write before the step's first call; the time of the first try is kept."""
    step = journal.step(name)
    undoing = journal.state is RollbackState.UNDOING
    state = StepState.UNDOING if undoing else StepState.BEGUN
    began = step.began_at if step.state is state else now
    return _with_step(journal, replace(step, state=state, began_at=began), now)


def note_step(
    journal: Journal, name: str, now: datetime, note: str, facts: Mapping[str, str]
) -> Journal:
    """The journal after a look at a step that is not finished yet."""
    step = journal.step(name)
    return _with_step(journal, replace(step, note=note, facts={**step.facts, **facts}), now)


def finish_step(
    journal: Journal, name: str, now: datetime, note: str, facts: Mapping[str, str]
) -> Journal:
    """The journal after a step was seen done (or undone); the last one ends the rollback."""
    step = journal.step(name)
    undoing = journal.state is RollbackState.UNDOING
    state = StepState.UNDONE if undoing else StepState.DONE
    finished = replace(step, state=state, note=note, facts={**step.facts, **facts})
    following = _with_step(journal, finished, now)
    if following.next_step is None:
        end = RollbackState.UNDONE if undoing else RollbackState.DONE
        following = replace(following, state=end)
    return following


def turn_back(journal: Journal, now: datetime, reason: str) -> Journal:
    """The journal with everything still to be undone; refused when there is nothing to undo."""
    if journal.state is RollbackState.ACCEPTED:
        raise RefusedError(
            f"rollback {journal.id} was accepted", hint="roll back again to another recovery point"
        )
    if journal.state in (RollbackState.UNDOING, RollbackState.UNDONE):
        return journal
    back = replace(journal, state=RollbackState.UNDOING, reason=reason, updated_at=now)
    return back if back.next_step else replace(back, state=RollbackState.UNDONE)


def accept(journal: Journal, now: datetime) -> Journal:
    """The journal after its result was acknowledged: undo is no longer offered."""
    if journal.state is RollbackState.ACCEPTED:
        return journal
    if journal.state is not RollbackState.DONE:
        raise RefusedError(
            f"rollback {journal.id} is {journal.state.value}; only a finished one can be accepted",
            hint=f"see `snapback rollback status {journal.id}`",
        )
    return replace(journal, state=RollbackState.ACCEPTED, updated_at=now, reason="accepted")


def _with_step(journal: Journal, step: StepRecord, now: datetime) -> Journal:
    steps = tuple(step if s.name == step.name else s for s in journal.steps)
    return replace(journal, steps=steps, updated_at=now)
