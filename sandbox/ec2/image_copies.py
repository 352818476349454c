"""CopyImage: an image and its snapshots in another region, or under another key.

Source: EC2 API, CopyImage; EC2 User Guide, "Copy an Amazon EC2 AMI".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_ami_id
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.client_tokens import ClientTokens
from sandbox.ec2.image_model import Device, Image
from sandbox.ec2.image_names import checked_description
from sandbox.ec2.images import ImageRules
from sandbox.ec2.sharing import in_region
from sandbox.ec2.snapshot_copies import (
    BAD_KEY,
    COPY_TAKES,
    SnapshotCopyRules,
    require_duration,
)
from sandbox.ec2.snapshot_model import EbsSnapshot
from sandbox.ec2.tags import TagActions, require_room
from sandbox.ec2.wire import DocumentResult

MOST_COPIES = 300
"""AMI copies at once in a destination region (EC2 User Guide, "How AMI copy works")."""
SHARED_TAG = "ec2:SharedTag/"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRequest:
    """What CopyImage was asked for."""

    source: Image
    source_region: str
    name: str
    description: str | None
    encrypted: bool
    key: str | None
    image_tags: Mapping[str, str]
    snapshot_tags: Mapping[str, str]
    minutes: int | None


class ImageCopyRules(ImageRules, SnapshotCopyRules):
    """Copies of images that arrive in this account and region."""

    def source_image(self, image_id: str, region: str) -> Image:
        """The image to copy: own, or shared together with its snapshots."""
        origin: Any = in_region(region, self.account_id)
        image: Image = origin.get_image(image_id)
        if image.state != "available":
            raise EC2ClientError(
                "InvalidAMIID.Unavailable",
                f"The image '{image_id}' is {image.state}, not available for copying",
            )
        for snapshot_id in image.snapshot_ids():
            snapshot: EbsSnapshot | None = origin.find_snapshot(snapshot_id)
            if snapshot is None or not snapshot.allows(self.account_id):
                raise EC2ClientError(
                    "InvalidRequest",
                    "You do not have permission to access the storage of this ami",
                )
        return image

    def add_image_copy(self, request: CopyRequest) -> Image:
        """The copy, pending; a key that cannot be used fails it, and its snapshots.

        It loses the source's launch permissions, deprecation, protection and
        SourceInstanceId.
        """
        self.require_new_image(request.name)
        described = checked_description(request.description)
        self._require_copy_slot()
        self.require_snapshot_room(len(request.source.snapshot_ids()))
        image_id = random_ami_id()
        copied = [(self._copied(device, image_id, request)) for device in request.source.mapping]
        now = clock.now()
        image = Image(
            ec2_backend=self,
            id=image_id,
            name=request.name,
            description=described,
            owner_id=self.account_id,
            created=now.replace(microsecond=0),
            available_at=now + COPY_TAKES,
            traits=request.source.traits,
            mapping=tuple(device for device, _ in copied),
            source_image=(request.source.id, request.source_region),
        )
        if not all(usable for _, usable in copied):
            image.fail(f"Client.InvalidKmsKey.InvalidState: {BAD_KEY}")
        return self.add_image(image, request.image_tags)

    def _require_copy_slot(self) -> None:
        """Refuse a 301st pending copy; that the code is a snapshot copy's is [NV]."""
        copies = [each for each in self.pending_images if each.source_instance is None]
        if sum(each.state == "pending" for each in copies) >= MOST_COPIES:
            raise EC2ClientError(
                "ResourceLimitExceeded", f"At most {MOST_COPIES} images can be copied at once"
            )

    def _copied(self, device: Device, image_id: str, request: CopyRequest) -> tuple[Device, bool]:
        if device.snapshot_id is None:
            return device, True
        origin: Any = in_region(request.source_region, self.account_id)
        source: EbsSnapshot = origin.find_snapshot(device.snapshot_id)
        encryption = self.copy_key(
            source,
            encrypted=request.encrypted,
            key=request.key,
            same_region=request.source_region == self.region_name,
        )
        copy = self.add_copy(
            source,
            f"Copied for DestinationAmi {image_id} from SourceAmi {request.source.id} for "
            f"SourceSnapshot {source.id}. Task created on "
            f"{int(clock.now().timestamp() * 1000):,}.",
            encryption,
            tags=request.snapshot_tags,
            minutes=request.minutes,
        )
        changed = replace(
            device, snapshot_id=copy.id, encrypted=copy.encrypted, kms_key_id=copy.key
        )
        return changed, encryption.usable


class ImageCopyActions(TagActions, EC2Response):
    """CopyImage on the wire."""

    @override
    def copy_image(self) -> ActionResult:
        """CopyImage, called in the destination region; once for each client token."""
        self.error_on_dryrun()
        backend: ImageCopyRules = self.ec2_backend
        tokens = ClientTokens.of(backend, "CopyImage")
        token = self._get_param("ClientToken")
        made = tokens.recall(token, self.params)
        if made is not None:
            return DocumentResult({"ImageId": made})
        tags = self.tag_specifications("image", "snapshot")
        require_duration(self._get_param("SnapshotCopyCompletionDurationMinutes"))
        region = self._get_param("SourceRegion")
        source = backend.source_image(self._get_param("SourceImageId"), region)
        image_tags = dict(tags.get("image", {}))
        if bool(self._get_param("CopyImageTags")):
            image_tags = {**_copyable_tags(source, backend.account_id, region), **image_tags}
            require_room({}, image_tags)
        copy = backend.add_image_copy(
            CopyRequest(
                source=source,
                source_region=region,
                name=self._get_param("Name"),
                description=self._get_param("Description", source.description),
                encrypted=bool(self._get_param("Encrypted")),
                key=self._get_param("KmsKeyId"),
                image_tags=image_tags,
                snapshot_tags=tags.get("snapshot", {}),
                minutes=self._get_param("SnapshotCopyCompletionDurationMinutes"),
            )
        )
        tokens.remember(token, self.params, copy.id)
        return DocumentResult({"ImageId": copy.id})


def _copyable_tags(image: Image, account: str, region: str) -> dict[str, str]:
    """The user tags that *account* gave the image, and what its owner shares of them.

    Source: botocore's model, CopyImageRequest.CopyImageTags: not those of other accounts,
    except ``ec2:SharedTag/`` ones.
    """
    mine: dict[str, str] = cast("ImageRules", in_region(region, account)).tags_of(image.id)
    shared = {key: value for key, value in image.tags().items() if key.startswith(SHARED_TAG)}
    return {
        key: value for key, value in (shared | mine).items() if not key.lower().startswith("aws:")
    }
