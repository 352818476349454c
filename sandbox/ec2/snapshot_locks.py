"""Snapshot locks: a locked snapshot cannot be deleted before its time.

Source: EC2 API pages LockSnapshot, UnlockSnapshot, DescribeLockedSnapshots; EBS User
Guide, "Amazon EBS snapshot lock".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from moto.ec2.exceptions import EC2ClientError

from sandbox.clock import clock
from sandbox.ec2.snapshot_model import EbsSnapshot
from sandbox.ec2.tags import TagRules

LONGEST_DAYS = 36_500
LONGEST_COOL_OFF_HOURS = 72


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock; its state follows the clock."""

    mode: str
    created: datetime
    started: datetime
    days: int
    expires: datetime
    cool_off_hours: int | None = None
    cool_off_ends: datetime | None = None

    @property
    def state(self) -> str:
        """``governance``, ``compliance-cooloff``, ``compliance`` or ``expired``."""
        if clock.now() >= self.expires:
            return "expired"
        if self.cool_off_ends is not None and clock.now() < self.cool_off_ends:
            return "compliance-cooloff"
        return self.mode

    def described(self) -> dict[str, Any]:
        """The lock as the API words it."""
        known = {
            "LockState": self.state,
            "LockDuration": self.days,
            "CoolOffPeriod": self.cool_off_hours,
            "CoolOffPeriodExpiresOn": self.cool_off_ends,
            "LockCreatedOn": self.created,
            "LockDurationStartTime": self.started if clock.now() >= self.started else None,
            "LockExpiresOn": self.expires,
        }
        return {name: value for name, value in known.items() if value is not None}


class LockRules(TagRules):
    """The locks of one account's and region's snapshots."""

    @property
    def locks(self) -> dict[str, Lock]:
        """The lock of each snapshot that has or had one."""
        return cast("dict[str, Lock]", self.__dict__.setdefault("_locks", {}))

    def lock_of(self, snapshot: EbsSnapshot) -> Lock | None:
        """The lock of a snapshot; it is cancelled when the snapshot fails.

        Source: EBS User Guide, "Considerations for Amazon EBS snapshot lock".
        """
        if snapshot.status == "error":
            self.locks.pop(snapshot.id, None)
        return self.locks.get(snapshot.id)

    def require_unlocked(self, snapshot: EbsSnapshot) -> None:
        """Refuse to delete what is locked. The code is not documented [NV]."""
        lock = self.lock_of(snapshot)
        if lock is not None and lock.state != "expired":
            raise EC2ClientError(
                "OperationNotPermitted",
                f"The snapshot {snapshot.id} is locked ({lock.state}) and can't be deleted.",
            )

    def lock_snapshot(
        self,
        snapshot: EbsSnapshot,
        mode: str,
        *,
        days: int | None,
        expires: datetime | None,
        cool_off_hours: int | None,
    ) -> Lock:
        """Lock, or change a lock as far as its mode lets (EC2 API, LockSnapshot).

        Only a pending or completed snapshot; the duration of a pending one's lock starts when
        it is completed (EBS User Guide, "Considerations for Amazon EBS snapshot lock").
        """
        if snapshot.status not in {"pending", "completed"}:
            raise EC2ClientError(
                "IncorrectState", f"The snapshot {snapshot.id} is {snapshot.status}."
            )
        now = clock.now()
        starts = max(now, snapshot.completes_at)
        ends = _expiry(now, starts, days, expires)
        held = self.lock_of(snapshot)
        if held is not None and held.state == "expired":
            held = None
        _check_cool_off(mode, cool_off_hours, held)
        is_final = held is not None and held.state == "compliance"
        if is_final and (mode != "compliance" or (held is not None and ends < held.expires)):
            raise EC2ClientError(
                "OperationNotPermitted",
                f"The snapshot {snapshot.id} is locked in compliance mode: its lock can only be "
                "extended.",
            )
        lock = Lock(
            mode=mode,
            created=held.created if held else now,
            started=starts,
            days=days if days is not None else max(1, (ends - now).days),
            expires=ends,
            cool_off_hours=cool_off_hours,
            cool_off_ends=now + timedelta(hours=cool_off_hours) if cool_off_hours else None,
        )
        self.locks[snapshot.id] = lock
        return lock

    def unlock_snapshot(self, snapshot: EbsSnapshot) -> None:
        """Unlock governance, or compliance while it cools off (EC2 API, UnlockSnapshot).

        Neither code of the refusals is documented [NV].
        """
        lock = self.lock_of(snapshot)
        if lock is None or lock.state == "expired":
            raise EC2ClientError(
                "SnapshotLock.NotFound", f"The snapshot {snapshot.id} is not locked."
            )
        if lock.state == "compliance":
            raise EC2ClientError(
                "OperationNotPermitted",
                f"The snapshot {snapshot.id} is locked in compliance mode.",
            )
        del self.locks[snapshot.id]


def _expiry(
    now: datetime, starts: datetime, days: int | None, expires: datetime | None
) -> datetime:
    if (days is None) == (expires is None):
        raise EC2ClientError(
            "InvalidParameterCombination",
            "Specify either LockDuration or ExpirationDate, but not both.",
        )
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise EC2ClientError(
            "InvalidParameterValue", f"LockDuration must be between 1 and {LONGEST_DAYS} days."
        )
    ends = expires or starts + timedelta(days=days or 0)
    if ends <= now:
        raise EC2ClientError("InvalidParameterValue", "ExpirationDate must be in the future.")
    return ends


def _check_cool_off(mode: str, hours: int | None, held: Lock | None) -> None:
    if mode not in {"governance", "compliance"}:
        raise EC2ClientError("InvalidParameterValue", f"'{mode}' is not a lock mode.")
    if hours is None:
        return
    if mode == "governance" or (held is not None and held.state == "compliance"):
        raise EC2ClientError(
            "InvalidParameterCombination",
            "CoolOffPeriod goes only with a new lock in compliance mode.",
        )
    if not 1 <= hours <= LONGEST_COOL_OFF_HOURS:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"CoolOffPeriod must be between 1 and {LONGEST_COOL_OFF_HOURS} hours.",
        )
