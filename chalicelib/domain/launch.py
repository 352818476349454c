"""What a relaunch asks EC2 for, as one value: every field that goes into RunInstances."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.domain.configuration import Configuration
from chalicelib.domain.recovery_point import Snapshot

MOST_TAGS = 50
"""User tags that one resource may carry (User Guide, tag restrictions)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRequest:
    """One instance to launch from a recovery point; user data is handed over apart."""

    image_id: str
    token: str
    """RunInstances' ClientToken: at most 64 ASCII characters, the same on every try."""
    configuration: Configuration
    tags: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    """The devices that the image has a snapshot for."""


def launch_tags(
    configuration: Configuration, *, lineage: str, rollback: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The replacement's tags, and the keys of the source that could not come along.

    ``aws:`` keys belong to AWS and are refused by every call (User Guide, tag
    restrictions). The lineage is what matters most of ours: the rollback's id gives
    way first when the source already carries fifty tags.
    """
    own = {k: v for k, v in configuration.tags.items() if not k.lower().startswith("aws:")}
    dropped = tuple(sorted(set(configuration.tags) - set(own)))
    for key, value in (("snapback:lineage", lineage), ("snapback:rollback", rollback)):
        if key in own or len(own) < MOST_TAGS:
            own[key] = value
    return own, dropped


def devices_of(snapshots: tuple[Snapshot, ...]) -> tuple[str, ...]:
    """The devices of an image's mapping that have a snapshot, in order."""
    return tuple(sorted(s.device for s in snapshots))
