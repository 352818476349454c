"""DescribeImages: which images a caller sees, and how each looks.

Source: EC2 API, DescribeImages; EC2 User Guide, "Disable an AMI" and "Deprecate an AMI".
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.allowed_images import DISABLED
from sandbox.ec2.filters import flag, matching, moment
from sandbox.ec2.image_filters import IMAGE_FILTERS
from sandbox.ec2.image_model import Image
from sandbox.ec2.images import ImageRules, image_not_found, require_image_id
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.sharing import neighbours, require_user
from sandbox.ec2.wire import DocumentResult


class ImageListingRules(ImageRules):
    """What one account sees of the region's images."""

    def list_images(
        self,
        *,
        ids: Sequence[str] = (),
        owners: Sequence[str] = (),
        executable_by: Sequence[str] = (),
        deprecated_too: bool = False,
        disabled_too: bool = False,
    ) -> Iterator[Image]:
        """The images that a DescribeImages request is about, before its filters.

        Disabled images show only when asked for (EC2 API, DescribeImages, IncludeDisabled),
        also by id [NV]: an example of the EC2 User Guide, "Disable an AMI", shows one by its
        id alone. Deprecated ones of others show when asked for or named.
        """
        for each in (*owners, *executable_by):
            require_user(each)
        accounts = {self.account_id if each == "self" else each for each in owners}
        executors = {self.account_id if each == "self" else each for each in executable_by}
        return (
            image
            for image in (self._named(ids) if ids else self._in_sight(accounts))
            if (disabled_too or not image.disabled)
            and (deprecated_too or ids or not self._is_hidden(image))
            and (not accounts or image.owner_id in accounts or image.owner_alias in accounts)
            and (not executors or _is_executable_by(image, executors))
        )

    def _named(self, ids: Sequence[str]) -> list[Image]:
        """The images of the *ids*.

        One that was deregistered answers with nothing as long as an instance refers to it,
        then it is not found (EC2 API, DescribeImages).
        """
        found, missing = [], []
        for image_id in dict.fromkeys(ids):
            image = self.find_image(image_id)
            if image is not None:
                found.append(image)
                continue
            require_image_id(image_id)
            if image_id not in self.deregistered_images or not self._is_referred_to(image_id):
                missing.append(image_id)
        if missing:
            raise image_not_found(*missing)
        return found

    def _in_sight(self, accounts: set[str]) -> Iterable[Image]:
        own = [cast("Image", image) for image in list(self.amis.values())]
        if accounts == {self.account_id}:
            return own
        others = [
            cast("Image", image)
            for backend in neighbours(self)
            for image in list(backend.amis.values())
            if image.id not in self.amis
        ]
        return own + [image for image in others if self.is_usable(image)]

    def _is_hidden(self, image: Image) -> bool:
        return image.is_deprecated and image.owner_id != self.account_id

    def _is_referred_to(self, image_id: str) -> bool:
        return any(
            instance.image_id == image_id and instance.state != "terminated"
            for reservation in self.reservations.values()
            for instance in reservation.instances
        )


class ImageListingActions(EC2Response):
    """DescribeImages on the wire."""

    @override
    def describe_images(self) -> ActionResult:
        """DescribeImages: by id, owner, launch permission and filter, in pages."""
        self.error_on_dryrun()
        backend: ImageListingRules = self.ec2_backend
        ids: list[str] = self._get_param("ImageIds", [])
        filters: list[dict[str, Any]] = self._get_param("Filters", [])
        size = self._get_param("MaxResults")
        refuse_with_ids(size, ids, "imageIdsSet")

        readers = IMAGE_FILTERS | {"image-allowed": lambda each: [flag(backend.is_allowed(each))]}

        def find() -> Iterator[Image]:
            images = backend.list_images(
                ids=ids,
                owners=self._get_param("Owners", []),
                executable_by=self._get_param("ExecutableUsers", []),
                deprecated_too=bool(self._get_param("IncludeDeprecated")),
                disabled_too=bool(self._get_param("IncludeDisabled")),
            )
            return matching(images, filters, readers, lambda image: backend.tags_of(image.id))

        images, token = backend.listings.page(
            "DescribeImages",
            size,
            self._get_param("NextToken"),
            find,
            still_there=lambda image: not image.deregistered,
        )
        seen_by = backend.account_id
        described = [
            as_described(image, seen_by) | backend.tag_member(image.id) for image in images
        ]
        if backend.allowed_images != DISABLED:
            for image, row in zip(images, described, strict=True):
                row["ImageAllowed"] = backend.is_allowed(image)
        return DocumentResult({"Images": described, "NextToken": token})


def as_described(image: Image, account: str) -> dict[str, Any]:
    """*image* as DescribeImages answers *account*; some members are the owner's only."""
    traits = image.traits
    source_id, source_region = image.source_image or (None, None)
    is_own = account == image.owner_id
    launched = image.last_launched if is_own else None
    known = {
        "ImageId": image.id,
        "Name": image.name,
        "ImageLocation": f"{image.owner_alias or image.owner_id}/{image.name}",
        "State": image.state,
        "StateReason": image.state_reason,
        "OwnerId": image.owner_id,
        "ImageOwnerAlias": image.owner_alias,
        "CreationDate": image.created,
        "Public": image.is_public,
        "ImageType": "machine",
        "Architecture": traits.architecture,
        "Platform": traits.platform,
        "PlatformDetails": traits.platform_details,
        "UsageOperation": traits.usage_operation,
        "BlockDeviceMappings": image.block_device_mappings,
        "Description": image.description or None,
        "EnaSupport": traits.ena_support,
        "Hypervisor": traits.hypervisor,
        "KernelId": traits.kernel_id,
        "RamdiskId": traits.ramdisk_id,
        "ProductCodes": [
            {"ProductCodeId": code, "ProductCodeType": "marketplace"}
            for code in traits.product_codes
        ]
        or None,
        "RootDeviceName": traits.root_device_name,
        "RootDeviceType": image.root_device_type,
        "SriovNetSupport": traits.sriov_net_support,
        "VirtualizationType": traits.virtualization_type,
        "BootMode": traits.boot_mode,
        "TpmSupport": traits.tpm_support,
        "ImdsSupport": traits.imds_support,
        "DeprecationTime": moment(image.deprecated_at) if image.deprecated_at else None,
        "SourceInstanceId": image.source_instance if is_own else None,
        "SourceImageId": source_id if is_own else None,
        "SourceImageRegion": source_region if is_own else None,
        "DeregistrationProtection": image.deregistration_protection if is_own else None,
        "LastLaunchedTime": moment(launched) if launched else None,
        "FreeTierEligible": False,
    }
    return {name: value for name, value in known.items() if value is not None}


def _is_executable_by(image: Image, users: set[str]) -> bool:
    if image.is_public and "all" in users:
        return True
    return any(permission.get("UserId") in users for permission in image.launch_permissions)
