"""The volume operations on the wire, with what a caller may do.

Sources: EC2 API, CreateVolume and AttachVolume; EC2 API error codes, IncorrectState,
VolumeInUse and InvalidVolume.ZoneMismatch; [NV] that a bad device or one in use is
``InvalidParameterValue``.
"""

from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.client_tokens import ClientTokens
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.tags import TagActions
from sandbox.ec2.volumes import VolumeRules
from sandbox.ec2.wire import DocumentResult


class VolumeActions(TagActions, EC2Response):
    """Volumes made, listed and deleted."""

    @property
    def _volumes(self) -> VolumeRules:
        return cast("VolumeRules", self.ec2_backend)

    @override
    def create_volume(self) -> ActionResult:
        """CreateVolume, once for each client token (EC2 Developer Guide, idempotency)."""
        self.error_on_dryrun()
        tokens = ClientTokens.of(self._volumes, "CreateVolume")
        token = self._get_param("ClientToken")
        made = tokens.recall(token, self.params)
        if made is not None:
            return DocumentResult(self._volumes.get_volume(made).as_created())
        tags = self.tag_specifications("volume")
        snapshot_id = self._get_param("SnapshotId")
        if snapshot_id:
            self._volumes.get_snapshot(snapshot_id)
        volume = self._volumes.create_volume(
            size=self._get_param("Size"),
            zone_name=self._zone(),
            snapshot_id=snapshot_id,
            encrypted=bool(self._get_param("Encrypted")),
            kms_key_id=self._get_param("KmsKeyId"),
            volume_type=self._get_param("VolumeType"),
            iops=self._get_param("Iops"),
            throughput=self._get_param("Throughput"),
            multi_attach_enabled=self._get_param("MultiAttachEnabled"),
            initialization_rate=self._get_param("VolumeInitializationRate"),
        )
        self._volumes.create_tags([volume.id], tags.get("volume", {}))
        tokens.remember(token, self.params, volume.id)
        return DocumentResult(volume.as_created())

    @override
    def delete_volume(self) -> ActionResult:
        """DeleteVolume: only what is available or broken (EC2 API, DeleteVolume)."""
        self.error_on_dryrun()
        volume = self._volumes.get_volume(self._get_param("VolumeId"))
        if volume.status == "creating":
            raise EC2ClientError(
                "IncorrectState", f"Volume '{volume.id}' is in the 'creating' state."
            )
        self._volumes.delete_volume(volume.id)
        return EmptyResult()

    @override
    def describe_volumes(self) -> ActionResult:
        """DescribeVolumes: by id and filter, in pages."""
        self.error_on_dryrun()
        backend = self._volumes
        ids: list[str] = self._get_param("VolumeIds", [])
        filters: list[dict[str, Any]] = self._get_param("Filters", [])
        size = self._get_param("MaxResults")
        refuse_with_ids(size, ids, "volumeIdsSet")
        volumes, token = backend.listings.page(
            "DescribeVolumes",
            size,
            self._get_param("NextToken"),
            lambda: backend.list_volumes(ids, filters),
            still_there=lambda each: each.id in backend.volumes,
        )
        described = [each.as_described() for each in volumes]
        return DocumentResult({"Volumes": described, "NextToken": token})

    def _zone(self) -> str:
        """The zone by name or by id, exactly one of the two."""
        name, zone_id = self._get_param("AvailabilityZone"), self._get_param("AvailabilityZoneId")
        if name and zone_id:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Specify either AvailabilityZone or AvailabilityZoneId, not both.",
            )
        if name:
            return str(name)
        if not zone_id:
            raise EC2ClientError("MissingParameter", "The request must contain the parameter zone")
        zones = self._volumes.describe_availability_zones()
        return next((zone.name for zone in zones if zone.zone_id == zone_id), str(zone_id))
