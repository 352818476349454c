"""One retention rule of the Recycle Bin: what it keeps, how long, and its lock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sandbox.clock import clock


class Kind(StrEnum):
    """What a rule can keep (botocore's model of rbin, ResourceType)."""

    SNAPSHOT = "EBS_SNAPSHOT"
    IMAGE = "EC2_IMAGE"
    VOLUME = "EBS_VOLUME"


LONGEST_DAYS = {Kind.SNAPSHOT: 365, Kind.IMAGE: 365, Kind.VOLUME: 7}
"""Source: botocore's model of rbin, RetentionPeriod.RetentionPeriodValue."""

TagPairs = tuple[tuple[str, str | None], ...]
"""Keys with their values; one without a value matches by its key alone [NV]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which resources a rule is about: those with one of the tags, or all but some."""

    kind: Kind
    tags: TagPairs = ()
    exclude: TagPairs = ()

    @property
    def is_lockable(self) -> bool:
        """Whether it is Region-level without exclusions (Recycle Bin API, LockRule)."""
        return not self.tags and not self.exclude

    def covers(self, kind: Kind, tags: Mapping[str, str]) -> bool:
        """Whether a resource with these *tags* is kept (Recycle Bin API, CreateRule)."""
        if kind is not self.kind:
            return False
        return _has_any(self.tags, tags) if self.tags else not _has_any(self.exclude, tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as it was last set; states follow the clock."""

    id: str
    arn: str
    scope: Scope
    days: int
    created: datetime
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    unlock_delay: int | None = None
    """Days; None as long as it has never been locked."""
    unlocked_at: datetime | None = None
    """When its unlocking was asked for."""

    @property
    def status(self) -> str:
        """``pending`` in the moment of its creation, then ``available``.

        EBS User Guide, "Considerations for Recycle Bin": the first rule of a resource type in
        a Region "might not become active immediately", once documented as up to 30 minutes.
        How long it takes is [NV]; here the clock only has to have moved on.
        """
        return "available" if clock.now() > self.created else "pending"

    @property
    def lock_state(self) -> str | None:
        """``locked``, ``pending_unlock`` while the delay lasts, ``unlocked``; None if never."""
        if self.unlock_delay is None:
            return None
        if self.lock_ends is None:
            return "locked"
        return "pending_unlock" if clock.now() < self.lock_ends else "unlocked"

    @property
    def lock_ends(self) -> datetime | None:
        """When the unlock delay is over, once unlocking has been asked for."""
        if self.unlocked_at is None:
            return None
        return self.unlocked_at + timedelta(days=self.unlock_delay or 0)

    def summary(self) -> dict[str, Any]:
        """It as ListRules answers."""
        return _without_none(
            {
                "Identifier": self.id,
                "Description": self.description,
                "RetentionPeriod": {
                    "RetentionPeriodValue": self.days,
                    "RetentionPeriodUnit": "DAYS",
                },
                "LockState": self.lock_state,
                "RuleArn": self.arn,
            }
        )

    def described(self) -> dict[str, Any]:
        """It as GetRule and most others answer."""
        locks = self.lock_state in {"locked", "pending_unlock"}
        delay = {"UnlockDelayValue": self.unlock_delay, "UnlockDelayUnit": "DAYS"}
        pending = self.lock_state == "pending_unlock" and self.lock_ends is not None
        return self.summary() | _without_none(
            {
                "ResourceType": self.scope.kind.value,
                "ResourceTags": _pairs(self.scope.tags),
                "ExcludeResourceTags": _pairs(self.scope.exclude),
                "Status": self.status,
                "LockConfiguration": {"UnlockDelay": delay} if locks else None,
                "LockEndTime": self.lock_ends.timestamp() if pending and self.lock_ends else None,
            }
        )


def _has_any(wanted: TagPairs, tags: Mapping[str, str]) -> bool:
    return any(key in tags and (value is None or tags[key] == value) for key, value in wanted)


def _pairs(tags: TagPairs) -> list[dict[str, str]]:
    return [
        _without_none({"ResourceTagKey": key, "ResourceTagValue": value}) for key, value in tags
    ]


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
