"""Which slot an instance is due for now, if any, and why (or why not)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.instants import iso_minute
from chalicelib.domain.names import parse_name
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State
from chalicelib.domain.subscription import Subscription

MOST_ATTEMPTS = 3
"""How often a slot is tried when EC2 fails to make its image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A recovery point to take now."""

    slot: datetime
    plans: tuple[str, ...]
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDue:
    """Nothing to take now."""

    reason: str
    exhausted: bool = False
    """Every attempt at the slot failed: somebody must look."""


def decide_due(
    subscription: Subscription, points: Iterable[RecoveryPoint], now: datetime
) -> Due | NotDue:
    """Whether an instance is due, given the points of its lineage.

    A plan is filled by any scheduled point, not failed, whose slot is at or after the
    plan's latest one. All plans that are not filled become one point, at the latest of
    their slots: a machine tagged just now is due at once, and after an outage every
    missed slot together is caught up once, not one by one. A point dated in the future
    fills nothing: a clock that once ran ahead must not stop backups until then.
    """
    if subscription.is_off:
        return NotDue(reason="its tag says not to back it up")
    # A point that is not trusted fills nothing: who may tag an image must not hold off a backup.
    scheduled = [p for p in points if p.kind is Kind.SCHEDULED and not p.problems]
    lost = (State.FAILED, State.GONE)
    alive = [p.at for p in scheduled if p.state not in lost and p.at <= now]
    newest = max(alive, default=None)
    slots = {plan.name: plan.schedule.latest(now) for plan in subscription.plans}
    open_plans = tuple(name for name, slot in slots.items() if newest is None or newest < slot)
    if not open_plans:
        following = min(p.schedule.following(now, 1)[0] for p in subscription.plans)
        filled = f"the slot {iso_minute(newest)} is filled" if newest else "nothing is open"
        return NotDue(reason=f"{filled}; next at {iso_minute(following)}")
    slot = max(slots[name] for name in open_plans)
    attempt = 1 + max((_attempt(p) for p in scheduled if p.at == slot), default=0)
    if attempt > MOST_ATTEMPTS:
        return NotDue(
            reason=f"EC2 failed the slot {iso_minute(slot)} {MOST_ATTEMPTS} times", exhausted=True
        )
    return Due(slot=slot, plans=open_plans, attempt=attempt, reason=_why(slot, newest, attempt))


def _attempt(point: RecoveryPoint) -> int:
    """Which try at its slot a point was: the number behind the slot in its name, else 1."""
    name = parse_name(point.name)
    number = name.key.partition(".")[2] if name else ""
    return int(number) if number.isdecimal() else 1


def _why(slot: datetime, newest: datetime | None, attempt: int) -> str:
    if attempt > 1:
        return f"the slot {iso_minute(slot)} again (attempt {attempt}): EC2 failed the last image"
    if newest is None:
        return f"its first point, for the slot {iso_minute(slot)}"
    return f"the slot {iso_minute(slot)} is open; the newest point is of {iso_minute(newest)}"
