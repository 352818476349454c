"""Looking around the points that are to go: who uses them, and what protects them.

In bulk: what a region tells of all images at once is asked for once, the rest for many
images a call. A look-up that fails is never an empty answer: it is remembered as one that
failed, and the guards take everything for used (F41, F42).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from chalicelib.domain.errors import AwsError
from chalicelib.domain.guards import Surroundings
from chalicelib.domain.image import SnapshotState
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.jobs.ports import Site

T = TypeVar("T")
_Users = Mapping[str, tuple[str, ...]]


class Lookout:
    """One run's view of what surrounds a region's points."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._blind: list[str] = []
        self._launchers: _Users = self._try(site.region.launchers.images, {})
        self._locked: frozenset[str] = self._try(site.region.images.locked_snapshots, frozenset())
        self._leases: Mapping[str, str] = self._try(site.catalogue.leases, {})

    def around(self, points: Sequence[RecoveryPoint]) -> Surroundings:
        """What is known around these points."""
        images = [p.image_id for p in points]
        snapshots = [s.snapshot_id for p in points for s in p.snapshots]
        region = self._site.region
        before = len(self._blind)
        instances: _Users = self._try(lambda: region.instances.using_images(images), {})
        references: _Users = self._try(lambda: region.images.references(images), {})
        states: Mapping[str, SnapshotState] = self._try(
            lambda: region.images.snapshot_states(snapshots), {}
        )
        around = Surroundings(
            users=_together(images, instances, references, self._launchers),
            blind=tuple(self._blind),
            open_work=self._leases,
            locked=self._locked,
            archived=frozenset(s.snapshot_id for s in states.values() if s.is_archived),
            managed={s.snapshot_id: s.other_owner for s in states.values() if s.other_owner},
        )
        # What failed for these images says nothing of the next ones.
        del self._blind[before:]
        return around

    def _try(self, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except AwsError as err:
            self._blind.append(err.message)
            return otherwise


def _together(images: Sequence[str], *found: _Users) -> dict[str, tuple[str, ...]]:
    users: dict[str, tuple[str, ...]] = {}
    for image in images:
        by = tuple(dict.fromkeys(user for each in found for user in each.get(image, ())))
        if by:
            users[image] = by
    return users
