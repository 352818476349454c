"""Recovery points as EC2 keeps them: images and their snapshots, read and changed.

Images are always asked for with ``Owners=["self"]``, disabled and deprecated ones
included, through a paginator; single ones by filter, so that an id that is gone is an
empty answer and not an error that spoils a batch.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from sys import intern
from typing import TYPE_CHECKING

from chalicelib.aws.errors import translated
from chalicelib.aws.instances import read_tags
from chalicelib.aws.references import References
from chalicelib.domain.errors import AwsError, MissingError
from chalicelib.domain.image import DeleteCode, ImageRequest, OwnedSnapshot, SnapshotState
from chalicelib.domain.point_tags import (
    HOLD,
    MANAGED_BY,
    ListedImage,
    managed_by,
    other_owner,
    read_point,
)
from chalicelib.domain.recovery_point import RecoveryPoint, Snapshot

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import (
        BlockDeviceMappingTypeDef,
        FilterTypeDef,
        ImageTypeDef,
        SnapshotTypeDef,
        TagTypeDef,
    )
    from mypy_boto3_ssm import SSMClient

_PAGE = 1000
_CHUNK = 200
_NO_SUCH_PARAMETER = ("ParamValidationError", "UnknownParameter")
"""What botocore says of a parameter that its model lacks, and EC2 of one it does not know."""
_TAGGED = 1000
"""Most resources of one CreateTags (API reference)."""


class ImageGateway:
    """The images of one region that this deployment made."""

    def __init__(
        self,
        client: "EC2Client",
        region: str,
        deployment: str,
        ssm: "Callable[[], SSMClient] | None" = None,
    ) -> None:
        """*ssm* is asked for only where EC2 has no DescribeImageReferences."""
        self._client = client
        self._region = region
        self._deployment = deployment
        self._references = References(client, region, ssm)

    def points(self) -> tuple[RecoveryPoint, ...]:
        """Every image that says it is a recovery point of this deployment."""
        return tuple(self._images(f"tag:{MANAGED_BY}", [managed_by(self._deployment)]))

    def by_name(self, name: str) -> RecoveryPoint | None:
        """The image of this account that bears *name*, if it is visible yet."""
        return next((p for p in self._images("name", [name]) if p.name == name), None)

    def snapshot_states(self, snapshot_ids: Sequence[str]) -> dict[str, SnapshotState]:
        """How the snapshots stand; one that does not exist is absent."""
        found: dict[str, SnapshotState] = {}
        paginator = self._client.get_paginator("describe_snapshots")
        with translated(f"describe snapshots in {self._region}"):
            for chunk in _chunks(snapshot_ids, _CHUNK):
                filters: list[FilterTypeDef] = [{"Name": "snapshot-id", "Values": chunk}]
                pages = paginator.paginate(
                    OwnerIds=["self"], Filters=filters, PaginationConfig={"PageSize": _PAGE}
                )
                for page in pages:
                    for snapshot in page["Snapshots"]:
                        name = snapshot["SnapshotId"]
                        found[name] = _state(snapshot)
        return found

    def marked_snapshots(self) -> tuple[OwnedSnapshot, ...]:
        """Every snapshot that bears this deployment's mark, whether an image is built on it."""
        found: list[OwnedSnapshot] = []
        wanted = managed_by(self._deployment)
        pages = self._client.get_paginator("describe_snapshots").paginate(
            OwnerIds=["self"],
            Filters=[{"Name": f"tag:{MANAGED_BY}", "Values": [wanted]}],
            PaginationConfig={"PageSize": _PAGE},
        )
        with translated(f"list our snapshots in {self._region}"):
            for page in pages:
                for snapshot in page["Snapshots"]:
                    tags = read_tags(snapshot.get("Tags", []))
                    # A filter's wildcards may show more than was meant: equality decides (F65).
                    if tags.get(MANAGED_BY) == wanted:
                        found.append(_owned(snapshot, tags))
        return tuple(found)

    def locked_snapshots(self) -> frozenset[str]:
        """The snapshots of this region that are locked, in whatever mode."""
        found: set[str] = set()
        token = ""
        with translated(f"find out which snapshots are locked in {self._region}"):
            while True:
                more = {"NextToken": token} if token else {}
                answer = self._client.describe_locked_snapshots(MaxResults=_PAGE, **more)  # type: ignore[arg-type]
                found |= {
                    lock["SnapshotId"]
                    for lock in answer["Snapshots"]
                    if lock.get("LockState") != "expired"
                }
                before, token = token, answer.get("NextToken", "")
                if not token:
                    return frozenset(found)
                if token == before:
                    raise AwsError("list locked snapshots", "Truncated", "the pages do not end")

    def shared_with(self, image_id: str, snapshot_ids: Sequence[str]) -> tuple[str, ...]:
        """Who else may launch the image or read its snapshots: accounts, groups, organisations.

        One call for each: EC2 tells permissions of one image or snapshot at a time, and only
        while the image is enabled (DisableImage drops its launch permissions).
        """
        with translated(f"find out with whom {image_id} is shared"):
            answer = self._client.describe_image_attribute(
                ImageId=image_id, Attribute="launchPermission"
            )
            others = [who for grant in answer["LaunchPermissions"] for who in grant.values()]
        for readers in self.snapshots_shared_with(snapshot_ids).values():
            others += readers
        return tuple(dict.fromkeys(str(who) for who in others))

    def snapshots_shared_with(self, snapshot_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Who else may read each snapshot, where anybody may; one that is gone is absent.

        Unlike an image's, these permissions can be given at any time, while the image is
        disabled too (EC2 API, ModifySnapshotAttribute).
        """
        return {i: readers for i in snapshot_ids if (readers := self._readers(i))}

    def _readers(self, snapshot_id: str) -> tuple[str, ...]:
        try:
            with translated(f"find out with whom {snapshot_id} is shared"):
                told = self._client.describe_snapshot_attribute(
                    SnapshotId=snapshot_id, Attribute="createVolumePermission"
                )
        except MissingError:
            return ()
        grants = told["CreateVolumePermissions"]
        return tuple(str(who) for grant in grants for who in grant.values())

    def references(self, image_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """What refers to each image: instances, launch templates, parameters, as ARNs."""
        return self._references.of(image_ids)

    def images_using(self, snapshot_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each snapshot, the images of this account that are built on it, ours or not.

        EC2 promises to refuse deleting only the snapshot of a *root* device (DeleteSnapshot,
        API reference), so data volumes have to be looked after here.
        """
        wanted = set(snapshot_ids)
        found: dict[str, tuple[str, ...]] = {}
        for chunk in _chunks(sorted(wanted), _CHUNK):
            for point in self._images("block-device-mapping.snapshot-id", chunk):
                for snapshot in point.snapshots:
                    if snapshot.snapshot_id in wanted:
                        users = found.get(snapshot.snapshot_id, ())
                        found[snapshot.snapshot_id] = (*users, point.image_id)
        return found

    def create(self, request: ImageRequest) -> str:
        """Create an image, return its id; ``NameTakenError`` if the name is in use.

        ``NoReboot`` is always sent: EC2's default is to reboot (CreateImage, API
        reference). All tags go into this call, so a run that dies right after it leaves
        nothing unowned.
        """
        tags: list[TagTypeDef] = [{"Key": k, "Value": v} for k, v in sorted(request.tags.items())]
        left_out: list[BlockDeviceMappingTypeDef] = [
            {"DeviceName": device, "NoDevice": ""} for device in request.excluded
        ]
        with translated(f"create an image of {request.instance_id}"):
            answer = self._client.create_image(
                InstanceId=request.instance_id,
                Name=request.name,
                Description=request.description,
                NoReboot=not request.reboot,
                BlockDeviceMappings=left_out,
                TagSpecifications=[
                    {"ResourceType": "image", "Tags": tags},
                    {"ResourceType": "snapshot", "Tags": tags},
                ],
            )
        return answer["ImageId"]

    def tag(self, resource_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Set the same tags on many resources, a thousand to a call."""
        pairs: list[TagTypeDef] = [{"Key": k, "Value": v} for k, v in sorted(tags.items())]
        for chunk in _chunks(resource_ids, _TAGGED):
            with translated(f"tag {len(chunk)} resources in {self._region}"):
                self._client.create_tags(Resources=chunk, Tags=pairs)

    def untag(self, resource_ids: Sequence[str], keys: Sequence[str]) -> None:
        """Remove tags by key, whatever their values."""
        for chunk in _chunks(resource_ids, _TAGGED):
            with translated(f"untag {len(chunk)} resources in {self._region}"):
                self._client.delete_tags(Resources=chunk, Tags=[{"Key": key} for key in keys])

    def disable(self, image_id: str) -> bool:
        """Disable an image, so that nothing can be launched from it; false if it is gone."""
        try:
            with translated(f"disable {image_id}"):
                self._client.disable_image(ImageId=image_id)
        except MissingError:
            return False
        return True

    def enable(self, image_id: str) -> None:
        """Enable a disabled image."""
        with translated(f"enable {image_id}"):
            self._client.enable_image(ImageId=image_id)

    def deregister(self, image_id: str) -> dict[str, DeleteCode] | None:
        """Deregister with its snapshots: a code for each; ``None`` if it was gone already.

        The image is gone after this whatever the codes say (DeregisterImage, API
        reference): the caller must have written down the snapshots before. A client or an
        endpoint that is older than ``DeleteAssociatedSnapshots`` answers with no codes, and
        the caller deletes each snapshot by itself.
        """
        try:
            return self._deregister(image_id, with_snapshots=True)
        except MissingError:
            return None
        except AwsError as err:
            if err.aws_code not in _NO_SUCH_PARAMETER:
                raise
        try:
            return self._deregister(image_id, with_snapshots=False)
        except MissingError:
            return None

    def _deregister(self, image_id: str, *, with_snapshots: bool) -> dict[str, DeleteCode]:
        with translated(f"deregister {image_id}"):
            if not with_snapshots:
                self._client.deregister_image(ImageId=image_id)
                return {}
            answer = self._client.deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=True)
        return {
            result["SnapshotId"]: _code(result.get("ReturnCode", ""))
            for result in answer.get("DeleteSnapshotResults", [])
            if "SnapshotId" in result
        }

    def delete_snapshot(self, snapshot_id: str) -> bool:
        """Delete one snapshot; false if it is gone; ``InUseError`` if an image needs it."""
        try:
            with translated(f"delete {snapshot_id}"):
                self._client.delete_snapshot(SnapshotId=snapshot_id)
        except MissingError:
            return False
        return True

    def _images(self, name: str, values: list[str]) -> Iterator[RecoveryPoint]:
        paginator = self._client.get_paginator("describe_images")
        pages = paginator.paginate(
            Owners=["self"],
            IncludeDisabled=True,
            IncludeDeprecated=True,
            Filters=[{"Name": name, "Values": values}],
            PaginationConfig={"PageSize": _PAGE},
        )
        with translated(f"list recovery points in {self._region}"):
            for page in pages:
                for image in page["Images"]:
                    yield self._point(image)

    def _point(self, image: "ImageTypeDef") -> RecoveryPoint:
        listed = ListedImage(
            image_id=image["ImageId"],
            name=image.get("Name", ""),
            region=self._region,
            state=image.get("State", ""),
            created=image.get("CreationDate", ""),
            source_instance=image.get("SourceInstanceId", ""),
            snapshots=tuple(
                Snapshot(
                    snapshot_id=ebs["SnapshotId"],
                    device=intern(mapping.get("DeviceName", "")),
                    size_gib=ebs.get("VolumeSize", 0),
                )
                for mapping in image.get("BlockDeviceMappings", [])
                if (ebs := mapping.get("Ebs", {})).get("SnapshotId")
            ),
            tags=_shared_text(read_tags(image.get("Tags", []))),
            protection=image.get("DeregistrationProtection", ""),
            is_public=image.get("Public", False),
            owner_alias=image.get("ImageOwnerAlias", ""),
        )
        return read_point(listed, self._deployment)


def _chunks(values: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(values), size):
        yield list(values[start : start + size])


def _state(snapshot: "SnapshotTypeDef") -> SnapshotState:
    away = snapshot.get("StorageTier") == "archive" or "RestoreExpiryTime" in snapshot
    marks = read_tags(snapshot.get("Tags", []))
    return SnapshotState(
        snapshot["SnapshotId"],
        snapshot["State"],
        is_archived=away,
        other_owner=other_owner(marks, snapshot.get("OwnerAlias", "")),
        hold=marks.get(HOLD, ""),
    )


def _owned(snapshot: "SnapshotTypeDef", tags: Mapping[str, str]) -> OwnedSnapshot:
    return OwnedSnapshot(
        snapshot_id=snapshot["SnapshotId"],
        state=snapshot["State"],
        started_at=snapshot["StartTime"],
        description=snapshot.get("Description", ""),
        tags=dict(tags),
    )


def _shared_text(tags: Mapping[str, str]) -> dict[str, str]:
    """The same tags; what a fleet's points say alike is kept once (a hundred thousand do)."""
    return {intern(key): intern(value) for key, value in tags.items()}


def _code(text: str) -> DeleteCode:
    try:
        return DeleteCode(text)
    except ValueError:
        return DeleteCode.UNKNOWN
