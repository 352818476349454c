"""What commands do on the machines, as the operator wishes, and the log of those that ran.

Nothing is ever executed: a command succeeds, says nothing and takes a second unless a wish
says otherwise. The log tells when each step of each command began and ended on a machine,
and which snapshots and image it made, so that one can see what was frozen when.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

OUTCOMES = ("success", "fail", "hang")
TEXTS = ("instance", "image", "document", "contains")
FIELDS = (*TEXTS, "outcome", "output", "error", "exit_code", "seconds", "times")
USUAL_SECONDS = 1.0


class CommandError(Exception):
    """A wish cannot be understood."""


@dataclass(slots=True, kw_only=True)
class Wish:
    """What one kind of command does; an empty field matches everything."""

    instance: str = ""
    image: str = ""
    document: str = ""
    contains: str = ""
    outcome: str = "success"
    output: str = ""
    error: str = ""
    exit_code: int = 0
    seconds: float = USUAL_SECONDS
    times: int | None = None
    """How often it still holds; ``None`` is always."""

    @property
    def takes(self) -> timedelta:
        """How long such a command runs."""
        return timedelta.max if self.outcome == "hang" else timedelta(seconds=self.seconds)

    def holds_for(self, instance: str, image: str, document: str, text: str) -> bool:
        """Whether it is about this step on this machine."""
        return (
            self.times != 0
            and self.instance in ("", instance)
            and self.image in ("", image)
            and self.document in ("", document)
            and self.contains in text
        )


@dataclass(slots=True, kw_only=True)
class Entry:
    """One step of one command on one machine."""

    account: str
    region: str
    command: str
    instance: str
    document: str
    step: str
    started: datetime
    ended: datetime | None = None
    status: str = "InProgress"
    exit_code: int | None = None
    snapshots: tuple[str, ...] = ()
    image: str | None = None

    def document_of(self) -> dict[str, Any]:
        """It as the control API tells it."""
        return {
            "account": self.account,
            "region": self.region,
            "command": self.command,
            "instance": self.instance,
            "document": self.document,
            "step": self.step,
            "started": self.started.isoformat(),
            "ended": self.ended.isoformat() if self.ended else None,
            "status": self.status,
            "exit_code": self.exit_code,
            "snapshots": [*self.snapshots],
            "image": self.image,
        }


class Commands:
    """The wishes, the newest first to be asked, and the log, the oldest first."""

    def __init__(self) -> None:
        self._wishes: list[Wish] = []
        self._log: list[Entry] = []

    def set(self, **wish: Any) -> None:  # noqa: ANN401 - checked here, field by field
        """Say what a kind of command does from now on; the newest wish that fits counts.

        A wish may name an ``instance``, an ``image`` (whatever was launched from it), a
        ``document`` by its name and a text that the step's inputs must have (``contains``).
        ``outcome`` is success, fail or hang (until its execution timeout); ``output`` and
        ``error`` are what it prints, ``exit_code`` and ``seconds`` how it ends and when.
        ``times`` limits how often the wish holds. Raises ``CommandError``, changing nothing.
        """
        _check(wish)
        outcome = wish.get("outcome", "success")
        code = wish.get("exit_code", 1 if outcome == "fail" else 0)
        if (outcome == "fail") != (code != 0):
            raise CommandError(f"a command with outcome {outcome} cannot exit with {code}")
        self._wishes.insert(0, Wish(**{**wish, "exit_code": code}))

    def wish_for(self, instance: str, image: str, document: str, text: str) -> Wish:
        """What a step does on a machine that is about to do it."""
        for wish in self._wishes:
            if wish.holds_for(instance, image, document, text):
                wish.times = wish.times - 1 if wish.times is not None else None
                return wish
        return Wish()

    def add(self, entry: Entry) -> None:
        """Log a step that begins."""
        self._log.append(entry)

    def log(self, instance: str | None = None) -> list[dict[str, Any]]:
        """Every step so far, of all machines or of one."""
        return [
            entry.document_of() for entry in self._log if instance in (None, "", entry.instance)
        ]

    def forget_wishes(self) -> None:
        """Every command succeeds again."""
        self._wishes.clear()

    def reset(self) -> None:
        """No wishes and no log."""
        self._wishes.clear()
        self._log.clear()


commands = Commands()
"""One per process, like the health of the machines."""


def _check(wish: Mapping[str, Any]) -> None:
    for problem in _problems(wish):
        raise CommandError(problem)


def _problems(wish: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(wish) - set(FIELDS)):
        yield f"unknown field {name!r}; known are {', '.join(FIELDS)}"
    for name in (*TEXTS, "output", "error"):
        if not isinstance(wish.get(name, ""), str):
            yield f"{name} must be a text"
    if wish.get("outcome", "success") not in OUTCOMES:
        yield f"outcome must be one of {', '.join(OUTCOMES)}"
    for name, least in (("exit_code", 0), ("times", 1)):
        value = wish.get(name)
        if value is not None and (type(value) is not int or value < least):
            yield f"{name} must be a whole number from {least}"
    seconds = wish.get("seconds", USUAL_SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e9:
        yield "seconds must be a number from 0"
