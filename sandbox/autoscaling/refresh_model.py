"""One instance refresh: what was asked for, how far it is, and how it is told.

Sources: botocore's model, ``InstanceRefresh``, ``RefreshPreferences`` (defaults);
Auto Scaling User Guide, "Understand the default values for an instance refresh".
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Document = dict[str, Any]

ROOTS = "ReplaceRootVolume"
ACTIVE = frozenset({"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"})


@dataclass(slots=True, kw_only=True)
class Refresh:
    """``InstanceRefresh`` of the model, and what it needs to go on."""

    id: str
    group: str
    strategy: str
    preferences: Document
    desired: Document | None
    asked_at: datetime
    status: str = "Pending"
    reason: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    known: frozenset[str] = frozenset()
    """The members that were there before it, or before its rollback."""
    targets: list[str] = field(default_factory=list)
    """The members that are still to be replaced."""
    total: int = 0
    percent: int = 0
    surge: int = 0
    """How much more than the desired capacity it may launch now."""
    checkpoint: int = 0
    """The last checkpoint that was passed, in per cent."""
    resumes_at: datetime | None = None
    bakes_until: datetime | None = None
    stuck_since: datetime | None = None
    stuck_on: str = ""
    waits_for_all: bool = True
    """Cancelling: not before what is under way has ended."""
    rollback: Document | None = None

    @property
    def is_active(self) -> bool:
        """Whether it blocks another."""
        return self.status in ACTIVE

    @property
    def keeps_instances(self) -> bool:
        """Whether it replaces only their root volumes."""
        return self.strategy == ROOTS

    @property
    def warmup(self) -> timedelta:
        """How long a new member is in service before it counts as replaced."""
        return timedelta(seconds=int(self.preferences["InstanceWarmup"]))

    def stick(self, now: datetime, why: str) -> None:
        """It cannot go on since *now*, unless it could not before."""
        self.stuck_since = self.stuck_since or now
        self.stuck_on = why

    def go_on(self) -> None:
        """Whatever it was stuck on is over."""
        self.stuck_since = None

    def document(self) -> Document:
        """It on the wire."""
        return {
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": self.group,
            "Status": self.status,
            "StatusReason": self.reason,
            "StartTime": self.start,
            "EndTime": self.end,
            "PercentageComplete": self.percent,
            "InstancesToUpdate": self._to_update(),
            "Preferences": {k: v for k, v in self.preferences.items() if v is not None},
            "DesiredConfiguration": self.desired,
            "RollbackDetails": self.rollback,
            "Strategy": self.strategy,
        }

    def _to_update(self) -> int:
        """After a rollback began: what had not been updated then (``InstancesToUpdate``)."""
        if self.rollback is not None:
            return int(self.rollback["InstancesToUpdateOnRollback"])
        return len(self.targets)
