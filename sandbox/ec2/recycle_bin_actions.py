"""The Recycle Bin's EC2 operations on the wire: what is in it, and back.

Source: EC2 API pages List{Images,Snapshots,Volumes}InRecycleBin and
Restore{Image,Snapshot,Volume}FromRecycleBin. That a listing of ids that are not in the bin
is refused is [NV].
"""

from collections.abc import Callable
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from sandbox.ec2.images import ImageRules, image_not_found
from sandbox.ec2.recycle_bin import Kept, Missing
from sandbox.ec2.snapshots import snapshot_not_found
from sandbox.ec2.volumes import volume_not_found
from sandbox.ec2.wire import DocumentResult
from sandbox.rbin import Kind

MOST_IMAGE_IDS = 20
"""Source: botocore's model, ListImagesInRecycleBinRequest.ImageIds."""

VOLUME_MEMBERS = frozenset(
    {
        "VolumeId",
        "VolumeType",
        "State",
        "Size",
        "Iops",
        "Throughput",
        "AvailabilityZone",
        "AvailabilityZoneId",
        "SourceVolumeId",
        "SnapshotId",
        "Operator",
        "CreateTime",
    }
)
"""What DescribeVolumes' answer has in common with botocore's model, VolumeRecycleBinInfo."""

Row = dict[str, Any]


class BinActions(EC2Response):
    """Listing and restoring."""

    @property
    def _bin(self) -> ImageRules:
        return cast("ImageRules", self.ec2_backend)

    def list_images_in_recycle_bin(self) -> ActionResult:
        """ListImagesInRecycleBin: at most 20 ids a call, 1 to 1000 a page."""
        self.error_on_dryrun()
        if len(self._get_param("ImageIds", [])) > MOST_IMAGE_IDS:
            raise EC2ClientError(
                "InvalidParameterValue", f"You can specify up to {MOST_IMAGE_IDS} image ids"
            )
        return self._list(Kind.IMAGE, "Image", _image, image_not_found, (1, 1000))

    def list_snapshots_in_recycle_bin(self) -> ActionResult:
        """ListSnapshotsInRecycleBin: 5 to 1000 a page."""
        self.error_on_dryrun()
        return self._list(Kind.SNAPSHOT, "Snapshot", _snapshot, snapshot_not_found, (5, 1000))

    def list_volumes_in_recycle_bin(self) -> ActionResult:
        """ListVolumesInRecycleBin: 5 to 500 a page."""
        self.error_on_dryrun()
        return self._list(Kind.VOLUME, "Volume", _volume, volume_not_found, (5, 500))

    def restore_image_from_recycle_bin(self) -> ActionResult:
        """RestoreImageFromRecycleBin."""
        self.error_on_dryrun()
        self._bin.restore_image(self._get_param("ImageId"))
        return DocumentResult({"Return": True})

    def restore_snapshot_from_recycle_bin(self) -> ActionResult:
        """RestoreSnapshotFromRecycleBin; the answer shows it ``recovering``."""
        self.error_on_dryrun()
        snapshot = self._bin.restore_snapshot(self._get_param("SnapshotId"))
        return DocumentResult(
            {
                "SnapshotId": snapshot.id,
                "Description": snapshot.description,
                "Encrypted": snapshot.encrypted,
                "OwnerId": snapshot.owner_id,
                "Progress": "99%",
                "StartTime": snapshot.start_time,
                "State": "recovering",
                "VolumeId": snapshot.volume.id,
                "VolumeSize": snapshot.volume.size,
            }
        )

    def restore_volume_from_recycle_bin(self) -> ActionResult:
        """RestoreVolumeFromRecycleBin."""
        self.error_on_dryrun()
        self._bin.restore_volume(self._get_param("VolumeId"))
        return DocumentResult({"Return": True})

    def _list(
        self,
        kind: Kind,
        noun: str,
        described: Callable[[Kept], Row],
        missing: Missing,
        sizes: tuple[int, int],
    ) -> ActionResult:
        backend = self._bin
        ids: list[str] = self._get_param(f"{noun}Ids", [])

        def find() -> list[Kept]:
            named = [backend.kept(kind, each, missing) for each in dict.fromkeys(ids)]
            return named or backend.kept_of(kind)

        found, token = backend.listings.page(
            f"List{noun}sInRecycleBin",
            self._get_param("MaxResults"),
            self._get_param("NextToken"),
            find,
            still_there=lambda kept: backend.keeps(kept.resource.id),
            sizes=sizes,
        )
        rows = [described(each) | each.times() for each in found]
        return DocumentResult({f"{noun}s": rows, "NextToken": token})


def _image(kept: Kept) -> Row:
    image = kept.resource
    return {"ImageId": image.id, "Name": image.name, "Description": image.description}


def _snapshot(kept: Kept) -> Row:
    snapshot = kept.resource
    return {
        "SnapshotId": snapshot.id,
        "Description": snapshot.description,
        "VolumeId": snapshot.volume.id,
    }


def _volume(kept: Kept) -> Row:
    """A volume as it was when it was deleted: available."""
    described = kept.resource.as_described()
    return {name: value for name, value in described.items() if name in VOLUME_MEMBERS}
