"""What has been deleted but is kept for a while: EC2's side of the Recycle Bin.

Source: EBS User Guide, "Considerations for Recycle Bin". The rules that say what is kept,
and for how long, are ``sandbox.rbin``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from moto.ec2.exceptions import EC2ClientError
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.timeline import TimelineRules
from sandbox.rbin import Kind, rules_of

Missing = Callable[[str], EC2ClientError]

MARK = "aws:recycle-bin:resource-in-bin"
"""The tag that a resource has while it is in the bin; its value is ``true``."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A deleted resource, and until when it can be restored."""

    kind: Kind
    resource: Any
    entered: datetime
    exits: datetime

    def times(self) -> dict[str, datetime]:
        """The members that every listing of the bin has."""
        return {"RecycleBinEnterTime": self.entered, "RecycleBinExitTime": self.exits}


class BinRules(TimelineRules):
    """The Recycle Bin of one account and region.

    Nobody can see, share or use what is in it; it keeps its tags, and they can be changed.
    """

    @property
    def recycle_bin(self) -> dict[str, Kept]:
        """What is in it, by id."""
        return cast("dict[str, Kept]", self.__dict__.setdefault("_recycle_bin", {}))

    @override
    def keeps(self, resource_id: str) -> bool:
        """Whether it is in the bin."""
        return resource_id in self.recycle_bin

    def retain(
        self,
        kind: Kind,
        resource: Any,  # noqa: ANN401 - an image, a snapshot or a volume
        *,
        leave: Callable[[Any], None] = lambda _: None,
    ) -> bool:
        """Put a deleted *resource* into the bin, if a rule covers it.

        It is deleted for good at its exit time, when *leave* is told; a rule that is changed
        or removed meanwhile does not matter to it (EBS User Guide, "Update an existing
        Recycle Bin retention rule").
        """
        rules = rules_of(self.account_id, self.region_name)
        period = rules.retention(kind, self.tags_of(resource.id))
        if period is None:
            return False
        now = clock.now()
        kept = Kept(kind, resource, now, now + period)
        self.recycle_bin[resource.id] = kept
        self.tags[resource.id][MARK] = "true"

        def expire(_: datetime) -> None:
            if self.recycle_bin.get(resource.id) is kept:
                del self.recycle_bin[resource.id]
                self.tags.pop(resource.id, None)
                leave(resource)

        self.timeline.at(kept.exits, expire)
        return True

    def kept(self, kind: Kind, resource_id: str, missing: Missing) -> Kept:
        """What is in the bin under an id; *missing* words the error when nothing is [NV]."""
        kept = self.recycle_bin.get(resource_id)
        if kept is None or kept.kind is not kind:
            raise missing(resource_id)
        return kept

    def take_back(self, kind: Kind, resource_id: str, missing: Missing) -> Any:  # noqa: ANN401
        """Take a resource out of the bin, without the mark."""
        kept = self.kept(kind, resource_id, missing)
        del self.recycle_bin[resource_id]
        self.tags[resource_id].pop(MARK, None)
        return kept.resource

    def kept_of(self, kind: Kind) -> list[Kept]:
        """All of one kind."""
        return [each for each in self.recycle_bin.values() if each.kind is kind]
