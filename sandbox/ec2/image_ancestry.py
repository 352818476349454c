"""Where images come from, and which of them instances were launched from.

Source: EC2 API pages GetImageAncestry, DescribeInstanceImageMetadata and
GetInstanceUefiData; EC2 User Guide, "AMI ancestry".
"""

import base64
from collections.abc import Iterator
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from sandbox.ec2.document_filters import document_tags, path_readers
from sandbox.ec2.filters import moment, select
from sandbox.ec2.image_model import Image
from sandbox.ec2.images import ImageRules
from sandbox.ec2.instance_model import STATE_CODES
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.sharing import in_region, neighbours
from sandbox.ec2.wire import DocumentResult

LONGEST_CHAIN = 50
"""An ancestry has so many entries at most [NV]."""

EMPTY_VARIABLES = base64.b64encode(b"AMZNUEFI").decode()
"""The UEFI variable store of a machine that has written nothing [NV]."""

_FILTERS = path_readers(
    {
        "availability-zone": "AvailabilityZone",
        "image-allowed": "ImageMetadata.ImageAllowed",
        "instance-id": "InstanceId",
        "instance-state-name": "State.Name",
        "instance-type": "InstanceType",
        "launch-time": "LaunchTime",
        "owner-alias": "ImageMetadata.ImageOwnerAlias",
        "owner-id": "OwnerId",
        "zone-id": "ZoneId",
    }
)
"""Source: botocore's model, DescribeInstanceImageMetadataRequest.Filters."""


class AncestryRules(ImageRules):
    """Looking back from images and instances."""

    def ancestry(self, image_id: str) -> Iterator[Image]:
        """The image, then what it was made of or copied from, as far as it can be seen."""
        image: Image | None = self.get_image(image_id)
        for _ in range(LONGEST_CHAIN):
            if image is None:
                return
            yield image
            if image.source_image is None:
                return
            source_id, region = image.source_image
            origin = cast("ImageRules", in_region(region, self.account_id))
            image = origin.find_image(source_id)

    def image_ever(self, image_id: str) -> Image | None:
        """The image, be it deregistered, disabled, private by now or not allowed."""
        for backend in (self, *neighbours(self)):
            rules = cast("ImageRules", backend)
            found = rules.amis.get(image_id) or rules.deregistered_images.get(image_id)
            if found is not None:
                return cast("Image", found)
        return None

    def metadata_row(self, instance: Any) -> dict[str, Any]:  # noqa: ANN401 - moto's or the sandbox's
        """``InstanceImageMetadata`` of the model."""
        facts = instance.facts
        placement = facts.get("Placement", {})
        return {
            "InstanceId": instance.id,
            "InstanceType": instance.instance_type,
            "LaunchTime": facts.get("LaunchTime"),
            "AvailabilityZone": instance.placement.zone,
            "ZoneId": placement.get("AvailabilityZoneId") or self._zone_id(instance.placement.zone),
            "State": {"Code": STATE_CODES[instance.state], "Name": instance.state},
            "OwnerId": self.account_id,
            "Tags": self.tag_set(instance.id),
            "ImageMetadata": self._metadata(instance.image_id),
            "Operator": {"Managed": False},
        }

    def _zone_id(self, name: str) -> str | None:
        zone = self.get_zone_by_name(name)
        return zone.zone_id if zone else None

    def _metadata(self, image_id: str) -> dict[str, Any]:
        image = self.image_ever(image_id)
        if image is None:
            return {"ImageId": image_id}
        deprecated = image.deprecated_at
        return {
            "ImageId": image.id,
            "Name": image.name,
            "OwnerId": image.owner_id,
            "State": image.state,
            "ImageOwnerAlias": image.owner_alias,
            "CreationDate": moment(image.created),
            "DeprecationTime": moment(deprecated) if deprecated else None,
            "ImageAllowed": self.is_allowed(image),
            "IsPublic": image.is_public,
        }


class AncestryActions(EC2Response):
    """The same on the wire."""

    @property
    def _ancestry(self) -> AncestryRules:
        return cast("AncestryRules", self.ec2_backend)

    def get_image_ancestry(self) -> ActionResult:
        """GetImageAncestry: from the image to its root."""
        self.error_on_dryrun()
        chain = self._ancestry.ancestry(self._get_param("ImageId"))
        return DocumentResult({"ImageAncestryEntries": [_entry(each) for each in chain]})

    def describe_instance_image_metadata(self) -> ActionResult:
        """DescribeInstanceImageMetadata: by instance id and filter, in pages of 1 to 1000."""
        self.error_on_dryrun()
        backend = self._ancestry
        ids: list[str] = self._get_param("InstanceIds", [])
        filters: list[dict[str, Any]] = self._get_param("Filters", [])
        size = self._get_param("MaxResults")
        refuse_with_ids(size, ids, "instanceIds")

        def find() -> list[Any]:
            instances = (
                [backend.get_instance(each) for each in dict.fromkeys(ids)]
                if ids
                else [each for held in backend.reservations.values() for each in held.instances]
            )
            rows = [backend.metadata_row(each) for each in instances]
            return select(rows, filters, _FILTERS, document_tags)

        rows, token = backend.listings.page(
            "DescribeInstanceImageMetadata",
            size,
            self._get_param("NextToken"),
            find,
            sizes=(1, 1000),
        )
        return DocumentResult({"InstanceImageMetadata": rows, "NextToken": token})

    def get_instance_uefi_data(self) -> ActionResult:
        """GetInstanceUefiData; a machine that boots from a BIOS has none, the code is [NV]."""
        self.error_on_dryrun()
        instance: Any = self._ancestry.get_instance(self._get_param("InstanceId"))
        image = self._ancestry.image_ever(instance.image_id)
        mode = instance.facts.get("CurrentInstanceBootMode") or instance.facts.get("BootMode")
        if mode == "legacy-bios" or (
            mode is None and (image is None or not image.traits.boot_mode)
        ):
            raise EC2ClientError(
                "UnsupportedOperation", f"The instance '{instance.id}' does not boot with UEFI"
            )
        data = image.traits.uefi_data if image else None
        return DocumentResult({"InstanceId": instance.id, "UefiData": data or EMPTY_VARIABLES})


def _entry(image: Image) -> dict[str, Any]:
    source_id, region = image.source_image or (None, None)
    return {
        "CreationDate": image.created,
        "ImageId": image.id,
        "ImageOwnerAlias": image.owner_alias,
        "SourceImageId": source_id,
        "SourceImageRegion": region,
    }
