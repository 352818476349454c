"""Images and snapshots by EC2's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import InUseError, MissingError, NameTakenError
from chalicelib.domain.image import DeleteCode, ImageRequest, OwnedSnapshot, SnapshotState
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.point_tags import (
    HOLD,
    MANAGED_BY,
    ListedImage,
    managed_by,
    other_owner,
    read_point,
)
from chalicelib.domain.recovery_point import RecoveryPoint, Snapshot
from tests.fakes.place import FakeImage, FakeSnapshot, Place
from tests.fakes.wire import Wire, port, refusal

_GONE = "InvalidAMIID.Unavailable"


@dataclass(frozen=True, slots=True)
class FakeImages:
    """``ports.Images`` over one place."""

    place: Place
    wire: Wire
    deployment: str

    @property
    def region(self) -> str:
        """Where it is."""
        return self.place.region

    @port("images.points")
    def points(self) -> tuple[RecoveryPoint, ...]:
        """Every visible image with this deployment's tag, disabled ones included."""
        return tuple(
            self._point(image)
            for image in self.place.seen_images()
            if image.tags.get(MANAGED_BY) == managed_by(self.deployment)
        )

    @port("images.by_name")
    def by_name(self, name: str) -> RecoveryPoint | None:
        """The visible image of this name."""
        return next((self._point(i) for i in self.place.seen_images() if i.name == name), None)

    @port("images.snapshot_states")
    def snapshot_states(self, snapshot_ids: Sequence[str]) -> dict[str, SnapshotState]:
        """The snapshots that exist, and how they stand."""
        found = (self.place.snapshots[s] for s in snapshot_ids if s in self.place.snapshots)
        return {
            s.snapshot_id: SnapshotState(
                s.snapshot_id,
                self._state(s),
                is_archived=s.snapshot_id in self.place.archived,
                other_owner=other_owner(s.tags),
                hold=s.tags.get(HOLD, ""),
            )
            for s in found
        }

    @port("images.shared_with")
    def shared_with(self, image_id: str, snapshot_ids: Sequence[str]) -> tuple[str, ...]:
        """Who else may use them."""
        return tuple(w for i in (image_id, *snapshot_ids) for w in self.place.shares.get(i, ()))

    @port("images.snapshots_shared_with")
    def snapshots_shared_with(self, snapshot_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Who else may read them."""
        return {i: tuple(self.place.shares[i]) for i in snapshot_ids if self.place.shares.get(i)}

    @port("images.locked_snapshots")
    def locked_snapshots(self) -> frozenset[str]:
        """The locked ones."""
        return frozenset(self.place.locked)

    @port("images.marked_snapshots")
    def marked_snapshots(self) -> tuple[OwnedSnapshot, ...]:
        """The snapshots with this deployment's tag."""
        return tuple(
            OwnedSnapshot(
                snapshot_id=s.snapshot_id,
                state=self._state(s),
                started_at=s.started_at or s.complete_at,
                description=s.description,
                tags=dict(s.tags),
            )
            for s in self.place.snapshots.values()
            if s.tags.get(MANAGED_BY) == managed_by(self.deployment)
        )

    @port("images.references")
    def references(self, image_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """What refers to the images."""
        return {i: self.place.references[i] for i in image_ids if i in self.place.references}

    @port("images.images_using")
    def images_using(self, snapshot_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The images on each snapshot, as far as a listing shows them."""
        shown = {image.image_id for image in self.place.seen_images()}
        users = {s: [i for i in self.place.users_of(s) if i in shown] for s in snapshot_ids}
        return {snapshot: tuple(by) for snapshot, by in users.items() if by}

    @port("images.create", changes=True)
    def create(self, request: ImageRequest) -> str:
        """One image and one snapshot for each volume that is not excluded."""
        doing = f"create an image of {request.instance_id}"
        self.place.settle()
        machine = self.place.machines.get(request.instance_id)
        if machine is None:
            raise refusal(doing, "InvalidInstanceID.NotFound")
        if machine.state not in (InstanceState.RUNNING, InstanceState.STOPPED):
            raise refusal(doing, "IncorrectInstanceState", f"it is {machine.state.value}")
        if any(i.name == request.name and i.owned for i in self.place.images.values()):
            raise NameTakenError(doing, "InvalidAMIName.Duplicate", request.name)
        _check_tags(doing, request.tags)
        ready = self.place.now + self.place.pace.image
        breaks = self.place.breaking > 0
        self.place.breaking = max(0, self.place.breaking - 1)
        image_id = self.place.new_id("ami")
        snapshots = []
        for disk in machine.configuration.disks:
            if disk.device not in request.excluded:
                made = FakeSnapshot(
                    snapshot_id=self.place.new_id("snap"),
                    complete_at=ready,
                    broken=breaks,
                    started_at=self.place.now,
                    description=f"Created by CreateImage({request.instance_id}) for {image_id}",
                    tags=dict(request.tags),
                    volume_id=disk.volume_id,
                    size_gib=disk.size_gib,
                    blocks=dict(self.place.disks.get(disk.volume_id, {})),
                )
                self.place.snapshots[made.snapshot_id] = made
                snapshots.append(
                    Snapshot(
                        snapshot_id=made.snapshot_id, device=disk.device, size_gib=disk.size_gib
                    )
                )
        image = FakeImage(
            image_id=image_id,
            name=request.name,
            created_at=self.place.now,
            ready_at=ready,
            source_instance=request.instance_id,
            root_device=machine.configuration.root_device,
            snapshots=tuple(snapshots),
            tags=dict(request.tags),
            breaks=breaks,
        )
        self.place.images[image.image_id] = image
        return image.image_id

    @port("images.tag", changes=True)
    def tag(self, resource_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """All of them or none: one id that is gone spoils the call."""
        held = [self._tags(r) for r in resource_ids]
        for each in held:
            each.update(tags)

    @port("images.untag", changes=True)
    def untag(self, resource_ids: Sequence[str], keys: Sequence[str]) -> None:
        """Remove tags; a key that is not there is fine."""
        for each in [self._tags(r) for r in resource_ids]:
            for key in keys:
                each.pop(key, None)

    @port("images.disable", changes=True)
    def disable(self, image_id: str) -> bool:
        """Only an available image."""
        image = self.place.images.get(image_id)
        if image is None:
            return False
        self._in_state(image, "available", f"disable {image_id}")
        image.disabled = True
        return True

    @port("images.enable", changes=True)
    def enable(self, image_id: str) -> None:
        """Only a disabled image."""
        image = self.place.images.get(image_id)
        if image is None:
            raise MissingError(f"enable {image_id}", _GONE, "it is deregistered")
        self._in_state(image, "disabled", f"enable {image_id}")
        image.disabled = False

    @port("images.deregister", changes=True)
    def deregister(self, image_id: str) -> dict[str, DeleteCode] | None:
        """The image goes whatever becomes of its snapshots; each has a code."""
        image = self.place.images.get(image_id)
        if image is None:
            return None
        if image.protection != "disabled":
            raise refusal(f"deregister {image_id}", "OperationNotPermitted", "it is protected")
        del self.place.images[image_id]
        codes = {}
        for snapshot in image.snapshots:
            code = self._delete_with_image(snapshot.snapshot_id)
            if code is not None:
                codes[snapshot.snapshot_id] = code
        return codes

    @port("images.delete_snapshot", changes=True)
    def delete_snapshot(self, snapshot_id: str) -> bool:
        """EC2 protects only a snapshot of a *root* device: any other goes, used or not."""
        if snapshot_id not in self.place.snapshots:
            return False
        if snapshot_id in self.place.locked:
            raise refusal(f"delete {snapshot_id}", "OperationNotPermitted", "it is locked")
        for image_id in self.place.users_of(snapshot_id):
            image = self.place.images[image_id]
            if any(
                (s.snapshot_id, s.device) == (snapshot_id, image.root_device)
                for s in image.snapshots
            ):
                raise InUseError(
                    f"delete {snapshot_id}", "InvalidSnapshot.InUse", f"in use by {image_id}"
                )
        del self.place.snapshots[snapshot_id]
        return True

    def _delete_with_image(self, snapshot_id: str) -> DeleteCode | None:
        if snapshot_id in self.place.locked:
            return DeleteCode.CLIENT_ERROR
        if snapshot_id in self.place.codes:
            return self.place.codes[snapshot_id]
        if self.place.users_of(snapshot_id):
            return DeleteCode.SKIPPED
        if self.place.snapshots.pop(snapshot_id, None) is None:
            return DeleteCode.CLIENT_ERROR
        return DeleteCode.SUCCESS

    def _in_state(self, image: FakeImage, wanted: str, doing: str) -> None:
        state = image.state(self.place.now)
        if state != wanted:
            raise refusal(doing, "IncorrectState", f"{image.image_id} is {state}")

    def _tags(self, resource_id: str) -> dict[str, str]:
        found = self.place.tags_of(resource_id)
        if found is None:
            code = "InvalidSnapshot.NotFound" if "snap-" in resource_id else "InvalidAMIID.NotFound"
            raise refusal(f"tag {resource_id}", code)
        return found

    def _state(self, snapshot: FakeSnapshot) -> str:
        if self.place.now < snapshot.complete_at:
            return "pending"
        return "error" if snapshot.broken else "completed"

    def _point(self, image: FakeImage) -> RecoveryPoint:
        mapped = self.place.now >= image.created_at + self.place.pace.mapped
        return read_point(
            ListedImage(
                image_id=image.image_id,
                name=image.name,
                region=self.region,
                state=image.state(self.place.now),
                created=image.created_at.isoformat(),
                source_instance=image.source_instance,
                snapshots=image.snapshots if mapped else (),
                tags=dict(image.tags),
                protection=image.protection,
                is_public=image.public,
                owner_alias=image.alias,
            ),
            self.deployment,
        )


@dataclass(frozen=True, slots=True)
class FakeLaunchers:
    """``ports.Launchers`` over one place."""

    place: Place
    wire: Wire

    @property
    def region(self) -> str:
        """Where it is."""
        return self.place.region

    @port("launchers.images")
    def images(self) -> dict[str, tuple[str, ...]]:
        """What Auto Scaling names."""
        return dict(self.place.launchers)


def _check_tags(doing: str, tags: Mapping[str, str]) -> None:
    if len(tags) > 50:
        raise refusal(doing, "TagLimitExceeded")
    for key, value in tags.items():
        if key.lower().startswith("aws:") or len(key) > 128 or len(value) > 256:
            raise refusal(doing, "InvalidParameterValue", f"the tag {key}")
