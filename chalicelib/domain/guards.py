"""The guards between a retention plan and its execution: their names, and what one says.

Each guard is a function of its own, in ``guards_point``, ``guards_lineage`` or
``guards_region``. One that stops something says what and why. Those that keep a rule of
DESIGN section 7 can not be overridden; the others can, by somebody who has read the plan
and names its digest.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Guard(enum.Enum):
    """Every guard, by the name that `--override` takes."""

    OWNERSHIP = "ownership"
    """Owner account, deployment tag, name, and a sealed catalogue row that agrees."""
    HOLD = "hold"
    NEWEST = "newest"
    LAST = "last-point"
    FLOOR = "floor"
    IN_USE = "in-use"
    LOCKED = "locked"
    PROTECTED = "protected"
    MANAGED = "managed-elsewhere"
    SECOND_LOOK = "second-look"
    SHARED = "shared"
    ARCHIVED = "archived"
    BAD_TAGS = "bad-tags"
    LOST_TAGS = "lost-tags"
    LISTING = "listing"
    USERS = "lost-users"
    CLOCK = "clock"
    LINEAGE_SHARE = "lineage-share"
    REGION_SHARE = "region-share"

    @property
    def is_hard(self) -> bool:
        """Whether nobody can override it: DESIGN section 7, or EC2 itself, says no."""
        return self in _HARD

    @property
    def is_bound(self) -> bool:
        """Whether it only spreads the work over several runs: no reason to look."""
        return self in (Guard.LINEAGE_SHARE, Guard.REGION_SHARE)


_HARD = frozenset(
    {
        Guard.OWNERSHIP,
        Guard.HOLD,
        Guard.NEWEST,
        Guard.LAST,
        Guard.FLOOR,
        Guard.IN_USE,
        Guard.LOCKED,
        Guard.PROTECTED,
        Guard.MANAGED,
        Guard.SECOND_LOOK,
        Guard.LISTING,
    }
)
_WAYS_OUT: Mapping[Guard, str] = {
    Guard.OWNERSHIP: "see `snapback show`; `snapback setup` takes up what a lost catalogue knew",
    Guard.HOLD: "`snapback release` ends a hold",
    Guard.NEWEST: "take a newer point first",
    Guard.LAST: "take a newer point first",
    Guard.FLOOR: "take newer points first",
    Guard.IN_USE: "stop using it, or give the function the right to look",
    Guard.LOCKED: "wait for the lock to end, or unlock the snapshot",
    Guard.PROTECTED: "disable its deregistration protection; a cooldown takes a day",
    Guard.MANAGED: "delete it where it is managed",
    Guard.SECOND_LOOK: "wait for the second look",
    Guard.SHARED: "stop sharing it",
    Guard.ARCHIVED: "restore its snapshots to the standard tier",
    Guard.BAD_TAGS: "mend the tag; `snapback lint` names what is wrong",
    Guard.LOST_TAGS: "give the instances their tag back, or wait until the pause is over",
    Guard.LISTING: "nothing, if the points come back; if they are gone, wait a quarantine",
    Guard.USERS: "nothing: the next run goes on if it finds the same",
    Guard.CLOCK: "nothing: the next run goes on if the clock is right",
    Guard.LINEAGE_SHARE: "nothing: the next runs do the rest",
    Guard.REGION_SHARE: "nothing: the next runs do the rest",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One guard's no."""

    guard: Guard
    subject: str
    """What it is about: an image, a lineage or a region."""
    reason: str

    @property
    def advice(self) -> str:
        """What an operator can do about it without overriding it."""
        return _WAYS_OUT[self.guard]

    def way_out(self, digest: str) -> str:
        """What an operator can do about it; *digest* is that of the plan that was read."""
        other = self.advice
        if self.guard.is_hard:
            return f"{other}; nothing overrides this guard"
        return (
            f"{other}; `snapback expire --apply --override {self.guard.value} --digest {digest}` "
            "overrides it for exactly this plan"
        )

    def as_json(self, digest: str) -> dict[str, object]:
        """The stop as `snapback expire` prints it."""
        return {
            "guard": self.guard.value,
            "subject": self.subject,
            "reason": self.reason,
            "hard": self.guard.is_hard,
            "advice": self.advice,
            "way_out": self.way_out(digest),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What was looked up, in bulk, about the points that are to go."""

    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Who uses each image: instances, templates, configurations, groups, parameters."""
    blind: tuple[str, ...] = ()
    """The look-ups that failed, were denied or cut short: anything may be in use."""
    open_work: Mapping[str, str] = field(default_factory=dict)
    """The open rollback or change of each lineage that has one."""
    locked: frozenset[str] = frozenset()
    """Locked snapshots."""
    archived: frozenset[str] = frozenset()
    """Snapshots in the archive tier, or on their way back from it."""
    managed: Mapping[str, str] = field(default_factory=dict)
    """Snapshots that another AWS service manages, and which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much one run may take away, from the plan document's ``[guards]``."""

    lineage_percent: int = 25
    """Of a lineage's points; one may always go (I7)."""
    region_images: int = 50
    region_percent: int = 5
    """Of a region's points, where that is more than ``region_images``: a bound that a large
    fleet's ordinary nights reach would let its points pile up for ever (L5)."""

    def of_lineage(self, points: int) -> int:
        """How many of a lineage's *points* one run may act on."""
        return max(1, points * self.lineage_percent // 100)

    def of_region(self, points: int) -> int:
        """How many of a region's *points* one run may act on."""
        return max(self.region_images, points * self.region_percent // 100)
