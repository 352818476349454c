"""Who goes first when a group shrinks: termination policies.

Source: Auto Scaling User Guide, "Configure termination policies": the zone with the most
instances first, then the policies in order; ``Default`` is the oldest launch template or
configuration, then the one closest to the next billing hour.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sandbox.autoscaling.model import Member

Key = Callable[[Member], float]

KNOWN = frozenset(
    {
        "AllocationStrategy",
        "ClosestToNextInstanceHour",
        "Default",
        "NewestInstance",
        "OldestInstance",
        "OldestLaunchConfiguration",
        "OldestLaunchTemplate",
    }
)


def is_policy(name: str) -> bool:
    """Whether a group may name it: one of the known, or a Lambda function."""
    return name in KNOWN or name.startswith("arn:")


def first_victim(members: Sequence[Member], policies: Sequence[str]) -> Member:
    """The member that goes next, of those that may."""
    crowd = Counter(each.instance.availability_zone for each in members)
    most = max(crowd.values())
    chosen = [each for each in members if crowd[each.instance.availability_zone] == most]
    for policy in policies:
        for key in _KEYS.get(policy, ()):
            least = min(key(each) for each in chosen)
            chosen = [each for each in chosen if key(each) == least]
    return min(chosen, key=lambda each: (each.instance.launch_time, each.id))


def _launched(member: Member) -> datetime:
    moment: datetime = member.instance.launch_time
    return moment.astimezone(UTC)


def _age(member: Member) -> float:
    return _launched(member).timestamp()


def _newest(member: Member) -> float:
    return -_age(member)


def _template(member: Member) -> float:
    """A configuration is older than any template, a lower version older than a higher."""
    template = member.source.template
    return float(template["Version"]) if template else 0.0


def _hour(member: Member) -> float:
    launched = _launched(member)
    return -float(launched.minute * 60 + launched.second)


_KEYS: dict[str, tuple[Key, ...]] = {
    "OldestInstance": (_age,),
    "NewestInstance": (_newest,),
    "OldestLaunchTemplate": (_template,),
    "OldestLaunchConfiguration": (_template,),
    "ClosestToNextInstanceHour": (_hour,),
    "Default": (_template, _hour),
}
