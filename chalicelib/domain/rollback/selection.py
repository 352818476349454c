"""Which recovery point a rollback goes back to, and whether it may."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.errors import InvalidInputError, RefusedError
from chalicelib.domain.instants import iso_second, parse_instant
from chalicelib.domain.names import image_id
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State

_FORMS = "an image id, latest, verified, before:2026-11-23T03:00Z or change:ID"


class By(enum.Enum):
    """How the point is chosen."""

    IMAGE = "image"
    LATEST = "latest"
    VERIFIED = "verified"
    BEFORE = "before"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Choice:
    """What ``--to`` asks for."""

    by: By
    value: str = ""
    moment: datetime | None = None


def parse_choice(text: str) -> Choice:
    """Read ``--to``; ``InvalidInputError`` names what was given and what may be."""
    if text in ("latest", "verified"):
        return Choice(By(text))
    head, _, value = text.partition(":")
    if head == "before" and value:
        return Choice(By.BEFORE, value, parse_instant(value, what="--to before:"))
    if head == "change" and value:
        return Choice(By.CHANGE, value)
    if text.startswith("ami-"):
        return Choice(By.IMAGE, image_id(text))
    raise InvalidInputError(f"--to {text!r} names no recovery point", hint=f"give {_FORMS}")


def select(points: Iterable[RecoveryPoint], choice: Choice, lineage: str) -> RecoveryPoint:
    """The newest usable point of *lineage* that fits *choice*; refused when there is none."""
    fitting = [p for p in points if p.lineage == lineage and _fits(p, choice)]
    usable = [p for p in fitting if p.state.is_usable and not p.problems]
    if not usable:
        raise RefusedError(
            f"lineage {lineage} has no usable recovery point for --to {_spell(choice)}"
            + (f" ({len(fitting)} that are not usable)" if fitting else ""),
            hint=f"see `snapback points {lineage}`",
        )
    return max(usable, key=lambda p: (p.created_at, p.image_id))


def refuse_unfit(point: RecoveryPoint, lineage: str) -> None:
    """Raise ``RefusedError`` with the reason unless *point* may stand in for *lineage*."""
    if point.lineage != lineage:
        raise RefusedError(
            f"{point.image_id} is a recovery point of {point.lineage}, not of {lineage}",
            hint="a machine is only ever rolled back to its own past",
        )
    if point.problems:
        raise RefusedError(f"{point.image_id} is not trusted: " + "; ".join(point.problems))
    if not point.state.is_usable:
        raise RefusedError(
            f"{point.image_id} is {point.state.value}: {_WHY[point.state]}",
            hint=f"see `snapback points {point.instance_id}` for the usable ones",
        )


_WHY = {
    State.PENDING: "EC2 has not finished it, or the next tick has not yet seen it finished",
    State.FAILED: "EC2 could not make it",
    State.QUARANTINED: "it has expired; `snapback release` brings it back until it is deleted",
    State.DISABLED: "somebody disabled it; enable the image first",
    State.GONE: "it is deregistered",
}


def _fits(point: RecoveryPoint, choice: Choice) -> bool:
    match choice.by:
        case By.LATEST:
            return True
        case By.VERIFIED:
            return point.state is State.VERIFIED
        case By.BEFORE:
            return choice.moment is not None and point.created_at < choice.moment
        case By.CHANGE:
            return point.kind is Kind.CHANGE and point.change == choice.value
        case _:
            return point.image_id == choice.value


def _spell(choice: Choice) -> str:
    if choice.moment is not None:
        return f"before:{iso_second(choice.moment)}"
    return f"{choice.by.value}:{choice.value}" if choice.value else choice.by.value
