"""Builders with sensible defaults; a test names only what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.domain.names import PointName, slot_key
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEB = "i-0123456789abcdef0"


def utc(text: str) -> datetime:
    """The instant that *text* writes, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def image_of(moment: datetime, kind: Kind = Kind.SCHEDULED) -> str:
    """An image id that differs whenever moment or kind do."""
    order = tuple(Kind).index(kind)
    return f"ami-{order:x}{int(moment.timestamp()):016x}"


def point_at(
    moment: datetime,
    *,
    kind: Kind = Kind.SCHEDULED,
    state: State = State.USABLE,
    retain: str = "last=1",
    attempt: int = 1,
) -> RecoveryPoint:
    """A recovery point of the web server."""
    return RecoveryPoint(
        image_id=image_of(moment, kind),
        name=str(PointName(WEB, kind, slot_key(moment, attempt))),
        region="eu-west-1",
        lineage=WEB,
        instance_id=WEB,
        kind=kind,
        at=moment,
        created_at=moment,
        state=state,
        plans=("daily",) if kind is Kind.SCHEDULED else (),
        retain=retain,
    )


def point(
    days: float,
    *,
    kind: Kind = Kind.SCHEDULED,
    state: State = State.USABLE,
    retain: str = "last=1",
    **others: object,
) -> RecoveryPoint:
    """A recovery point of the web server taken *days* before noon."""
    made = point_at(NOON - timedelta(days=days), kind=kind, state=state, retain=retain)
    return replace(made, **others)  # type: ignore[arg-type]
