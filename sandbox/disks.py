"""What is written on the sandbox's disks: one text a volume, carried by its snapshots.

A snapshot holds what was on the volume when the snapshot became pending, a volume made
from it starts with that, and a copy holds what its source held.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

from sandbox.clock import clock

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend


@dataclass(frozen=True, slots=True)
class _Content:
    """A text and the moment it was written."""

    text: str
    since: datetime


class Disks:
    """The contents of every volume and snapshot of every account."""

    def __init__(self) -> None:
        self._held: dict[str, _Content] = {}

    def write(self, volume_id: str, text: str) -> None:
        """Write *text* on a volume now. An unknown volume is a ``KeyError``."""
        if not any(volume_id in backend.volumes for backend in _backends()):
            raise KeyError(volume_id)
        self._held[volume_id] = _Content(text, clock.now())

    def snapshot(self, volume_id: str, snapshot_id: str) -> None:
        """The snapshot holds from now on what the volume holds at this moment."""
        self._carry(volume_id, snapshot_id)

    def clone(self, snapshot_id: str, target_id: str) -> None:
        """A new volume, or a copy of the snapshot, starts with what the snapshot holds."""
        self._carry(snapshot_id, target_id)

    def read(self, id_: str) -> dict[str, Any]:
        """What a volume or snapshot holds, and since when.

        For an image and an instance it is what the root device holds, and ``devices`` says
        it of each. An unknown id is a ``KeyError``.
        """
        for backend in _backends():
            if id_ in backend.volumes or id_ in backend.snapshots:
                return self._content(id_)
            root, devices = _devices(backend, id_)
            if devices is not None:
                contents = {name: self._content(disk) for name, disk in devices.items()}
                whole = contents.get(root, {"holds": None, "since": None})
                return {**whole, "id": id_, "devices": contents}
        raise KeyError(id_)

    def reset(self) -> None:
        """Forget everything."""
        self._held.clear()

    def _carry(self, source: str, target: str) -> None:
        if source in self._held:
            self._held[target] = self._held[source]

    def _content(self, id_: str) -> dict[str, Any]:
        content = self._held.get(id_)
        return {
            "id": id_,
            "holds": content.text if content else None,
            "since": content.since.isoformat(timespec="seconds") if content else None,
        }


def _backends() -> "Iterator[EC2Backend]":
    for regions in list(ec2_backends.values()):
        yield from list(regions.values())


def _devices(backend: "EC2Backend", id_: str) -> tuple[str, dict[str, str] | None]:
    """The root device's name and the disk behind each device of an image or instance."""
    image: Any = backend.amis.get(id_)
    if image is not None:
        return image.root_device_name, image.snapshot_ids_by_device()
    if not id_.startswith("i-"):
        return "", None
    for reservation in backend.reservations.values():
        for instance in reservation.instances:
            if instance.id == id_:
                mapping = instance.get_block_device_mapping
                return instance.root_device_name, {name: each.volume_id for name, each in mapping}
    return "", None


disks = Disks()
"""One set of disks, as moto has one set of backends."""
