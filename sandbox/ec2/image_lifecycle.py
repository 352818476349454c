"""What happens to an image later: disabled, deprecated, protected, deregistered.

Source: EC2 API pages DisableImage, EnableImage, Enable/DisableImageDeprecation,
Enable/DisableImageDeregistrationProtection, DeregisterImage, and the EC2 User Guide
pages "Disable an AMI", "Protect an AMI from deregistration", "Deregister an AMI".
"""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, cast

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.image_model import Image
from sandbox.ec2.images import ImageRules
from sandbox.ec2.snapshot_model import EbsSnapshot
from sandbox.ec2.wire import DocumentResult, aware
from sandbox.replies import Refusal

COOLDOWN = timedelta(hours=24)
LATEST_DEPRECATION = timedelta(days=3652)
LATEST_PUBLIC_DEPRECATION = timedelta(days=730)

WITH_COOLDOWN = "enabled-with-cooldown"
WITHOUT_COOLDOWN = "enabled-without-cooldown"


class ImageLifecycleRules(ImageRules):
    """Changes of an image's state and standing; the owner's alone."""

    @override
    def disable_image(self, ami_id: str) -> None:
        """Only an available image; all launch permissions go and do not come back."""
        image = self._owned_in(ami_id, "available")
        image.disabled = True
        image.launch_permissions.clear()

    @override
    def enable_image(self, ami_id: str) -> None:
        """Only a disabled image, all of whose snapshots are in the standard tier for good.

        EBS User Guide, considerations for archiving: not with temporarily restored snapshots.
        """
        image = self._owned_in(ami_id, "disabled")
        for snapshot_id in image.snapshot_ids():
            snapshot = self.snapshots.get(snapshot_id)
            if snapshot is not None and not cast("EbsSnapshot", snapshot).is_standard:
                raise EC2ClientError(
                    "IncorrectState",
                    f"The image '{ami_id}' cannot be enabled: {snapshot_id} is archived.",
                )
        image.disabled = False

    def deprecate_image(self, image_id: str, at: datetime) -> None:
        """Deprecate it from *at* on, rounded to the minute.

        At most ten years ahead, two years after its creation for a public image (EC2 API,
        EnableImageDeprecation).
        """
        image = self.own_image(image_id)
        now = clock.now()
        latest = now + LATEST_DEPRECATION
        if image.is_public:
            latest = image.created + LATEST_PUBLIC_DEPRECATION
        if at < now or at > latest:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"DeprecateAt {at.isoformat()} must be in the future and not after "
                f"{latest.isoformat()}",
            )
        rounded = at + timedelta(seconds=30)
        image.deprecated_at = rounded.replace(second=0, microsecond=0)

    def undeprecate_image(self, image_id: str) -> None:
        """Take the deprecation back."""
        self.own_image(image_id).deprecated_at = None

    def protect_image(self, image_id: str, *, with_cooldown: bool) -> None:
        """Protect from deregistration until that is taken back."""
        image = self.own_image(image_id)
        image.protection = WITH_COOLDOWN if with_cooldown else WITHOUT_COOLDOWN
        image.protected_until = None

    def unprotect_image(self, image_id: str) -> None:
        """Stop protecting; with a cooldown the protection goes on for 24 hours."""
        image = self.own_image(image_id)
        if image.protection == WITH_COOLDOWN:
            image.protected_until = clock.now() + COOLDOWN
        image.protection = None

    @override
    def deregister_image(  # type: ignore[override] # it answers what became of the snapshots
        self, ami_id: str, *, delete_snapshots: bool = False
    ) -> list[dict[str, str]]:
        """Deregister, and on request delete the snapshots that no other image uses.

        The image is gone whatever becomes of its snapshots; what became of each is answered
        (botocore's model, SnapshotReturnCodes). A pending image can be deregistered, and its
        snapshots stay [NV]. That a protected one is ``OperationNotPermitted`` is [NV].
        """
        image = self.own_image(ami_id)
        if image.is_protected:
            raise EC2ClientError(
                "OperationNotPermitted",
                f"The image '{ami_id}' is protected from deregistration",
            )
        self.forget_image(image)
        if not delete_snapshots:
            return []
        return [
            {"SnapshotId": each, "ReturnCode": self._delete_with_image(each)}
            for each in image.snapshot_ids()
        ]

    def _delete_with_image(self, snapshot_id: str) -> str:
        from sandbox.faults import faults  # noqa: PLC0415 - they know our images

        if self.images_of_snapshot.get(snapshot_id):
            return "skipped"
        refused = faults.refuse_inside(
            account=self.account_id,
            region=self.region_name,
            action="DeleteSnapshot",
            parameters={"SnapshotId": snapshot_id},
        )
        if refused is not None:
            return _return_code(refused)
        try:
            self.delete_snapshot(snapshot_id)
        except ServiceException:
            return "client-error"
        return "success"

    def _owned_in(self, image_id: str, state: str) -> Image:
        image = self.own_image(image_id)
        if image.state != state:
            raise EC2ClientError(
                "InvalidAMIID.Unavailable" if image.state == "pending" else "IncorrectState",
                f"The image '{image_id}' is {image.state}, not {state}",
            )
        return image


def _return_code(refused: Refusal) -> str:
    """``SnapshotReturnCodes`` of the model for how a DeleteSnapshot was refused [NV]."""
    if refused.code == "UnauthorizedOperation" or refused.status == HTTPStatus.FORBIDDEN:
        return "missing-permissions"
    return "internal-error" if refused.status >= 500 else "client-error"


class ImageLifecycleActions(EC2Response):
    """The same on the wire."""

    @property
    def _image_lifecycle(self) -> ImageLifecycleRules:
        return cast("ImageLifecycleRules", self.ec2_backend)

    @override
    def deregister_image(self) -> ActionResult:
        """DeregisterImage with the fate of each snapshot."""
        self.error_on_dryrun()
        deletes = bool(self._get_param("DeleteAssociatedSnapshots"))
        results = self._image_lifecycle.deregister_image(
            self._get_param("ImageId"), delete_snapshots=deletes
        )
        answer: dict[str, Any] = {"Return": True}
        if deletes:
            answer["DeleteSnapshotResults"] = results
        return DocumentResult(answer)

    def enable_image_deprecation(self) -> ActionResult:
        """EnableImageDeprecation."""
        self.error_on_dryrun()
        self._image_lifecycle.deprecate_image(
            self._get_param("ImageId"), aware(self._get_param("DeprecateAt"))
        )
        return DocumentResult({"Return": True})

    def disable_image_deprecation(self) -> ActionResult:
        """DisableImageDeprecation."""
        self.error_on_dryrun()
        self._image_lifecycle.undeprecate_image(self._get_param("ImageId"))
        return DocumentResult({"Return": True})

    def enable_image_deregistration_protection(self) -> ActionResult:
        """EnableImageDeregistrationProtection; ``Return`` is the text ``true``."""
        self.error_on_dryrun()
        self._image_lifecycle.protect_image(
            self._get_param("ImageId"), with_cooldown=bool(self._get_param("WithCooldown"))
        )
        return DocumentResult({"Return": "true"})

    def disable_image_deregistration_protection(self) -> ActionResult:
        """DisableImageDeregistrationProtection, likewise."""
        self.error_on_dryrun()
        self._image_lifecycle.unprotect_image(self._get_param("ImageId"))
        return DocumentResult({"Return": "true"})
