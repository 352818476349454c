"""What is written on the sandbox's disks: the newest text a volume, carried by its snapshots.

A snapshot holds what was on the volume when the snapshot became pending, a volume made
from it starts with that, and a copy holds what its source held. The blocks that this means
are those of ``sandbox.blocks``.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

from sandbox.blocks import Content
from sandbox.clock import clock

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend


class Disks:
    """The contents of every volume and snapshot of every account."""

    def __init__(self) -> None:
        self._held: dict[str, Content] = {}

    def write(self, volume_id: str, text: str) -> None:
        """Write *text* on a volume now. An unknown volume is a ``KeyError``."""
        for backend in _backends():
            if volume_id in backend.volumes:
                content = self.content(volume_id, backend.volumes[volume_id].size)
                self._held[volume_id] = content.written(text, clock.now())
                return
        raise KeyError(volume_id)

    def carry(self, source_id: str, target_id: str, size: int) -> None:
        """The target starts with what the source of *size* GiB holds at this moment.

        A snapshot of a volume, a volume of a snapshot, a copy of either.
        """
        self._held[target_id] = self.content(source_id, size)

    def content(self, id_: str, size: int) -> Content:
        """The blocks of a volume or snapshot of *size* GiB; a new disk's if it is unknown."""
        return self._held.setdefault(id_, Content.new(id_, size))

    def read(self, id_: str) -> dict[str, Any]:
        """What a volume or snapshot holds, and since when.

        For an image and an instance it is what the root device holds, and ``devices`` says
        it of each. An unknown id is a ``KeyError``.
        """
        for backend in _backends():
            if id_ in backend.volumes or id_ in backend.snapshots:
                return self._told(id_)
            root, devices = _devices(backend, id_)
            if devices is not None:
                contents = {name: self._told(disk) for name, disk in devices.items()}
                whole = contents.get(root, {"holds": None, "since": None})
                return {**whole, "id": id_, "devices": contents}
        raise KeyError(id_)

    def reset(self) -> None:
        """Forget everything."""
        self._held.clear()

    def _told(self, id_: str) -> dict[str, Any]:
        content = self._held.get(id_)
        write = content.newest if content else None
        return {
            "id": id_,
            "holds": write.text if write else None,
            "since": write.since.isoformat(timespec="seconds") if write else None,
        }


def _backends() -> "Iterator[EC2Backend]":
    for regions in list(ec2_backends.values()):
        yield from list(regions.values())


def _devices(backend: "EC2Backend", id_: str) -> tuple[str, dict[str, str] | None]:
    """The root device's name and the disk behind each device of an image or instance."""
    image: Any = backend.amis.get(id_)
    if image is not None:
        return image.root_device_name, image.snapshot_ids_by_device()
    instance: Any = backend.get_instance_by_id(id_)
    if instance is None:
        return "", None
    mapping = instance.get_block_device_mapping
    return instance.root_device_name, {name: each.volume_id for name, each in mapping}


disks = Disks()
"""One set of disks, as moto has one set of backends."""
