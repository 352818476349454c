"""The AMIs of one account and region: kept, found, and who may see them.

Making them is in ``image_creation``, ``image_registration`` and ``image_copies``, what
happens to them later in ``image_lifecycle``, the answers to describes in ``image_listing``.

Sources: EC2 API error codes, InvalidAMIID.Malformed, .NotFound and .Unavailable; [NV] that
another account's image is ``AuthFailure``.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.amis import Ami
from typing_extensions import override

from sandbox.ec2.filters import select
from sandbox.ec2.image_filters import IMAGE_FILTERS
from sandbox.ec2.image_model import Image
from sandbox.ec2.sharing import is_well_formed, neighbours
from sandbox.ec2.volumes import VolumeRules

_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")

INTERNAL_ERROR = ("Client.InternalError", "Client error on launch")


@dataclass(slots=True)
class PlannedFailure:
    """Images that are going to fail, as somebody asked."""

    when: Callable[[Image], bool]
    left: int
    code: str
    message: str


class ImageRules(VolumeRules):
    """What every family of image operations stands on."""

    @property
    def image_names(self) -> dict[str, str]:
        """The image id that holds each name."""
        return cast("dict[str, str]", self.__dict__.setdefault("_image_names", {}))

    @property
    def deregistered_images(self) -> dict[str, Image]:
        """Images that are gone, for those who still ask about them."""
        return cast("dict[str, Image]", self.__dict__.setdefault("_deregistered_images", {}))

    @property
    def pending_images(self) -> deque[Image]:
        """The images that are still pending, and perhaps some that were until just now."""
        waiting: deque[Image] = self.__dict__.setdefault("_pending_images", deque())
        while waiting and waiting[0].state != "pending":
            waiting.popleft()
        return waiting

    @property
    def planned_failures(self) -> list[PlannedFailure]:
        """What ``fail_images`` asked for and has not happened yet."""
        return cast("list[PlannedFailure]", self.__dict__.setdefault("_planned_failures", []))

    @override
    def _load_amis(self) -> None:
        """None of moto's samples: each would come with a snapshot that the user owns."""

    def fail_images(
        self,
        times: int = 1,
        *,
        when: Callable[[Image], bool] = lambda _: True,
        code: str = INTERNAL_ERROR[0],
        message: str = INTERNAL_ERROR[1],
    ) -> None:
        """Let the next *times* images that are made here end as ``failed``."""
        self.planned_failures.append(PlannedFailure(when, times, code, message))

    def add_image(self, image: Image, tags: Mapping[str, str] | None = None) -> Image:
        """Keep a new image under its name, and its snapshots as in use."""
        self.amis[image.id] = image
        self.image_names[image.name] = image.id
        for device in image.mapping:
            if device.snapshot_id:
                is_root = device.name == image.root_device_name
                self.images_of_snapshot[device.snapshot_id][image.id] = is_root
        self.create_tags([image.id], tags or {})
        self.pending_images.append(image)
        for planned in self.planned_failures:
            if planned.left > 0 and planned.when(image):
                planned.left -= 1
                image.failure = (planned.code, planned.message)
                break
        return image

    def forget_image(self, image: Image) -> None:
        """Take a deregistered image off the books; its snapshots stay."""
        image.deregistered = True
        self.deregistered_images[image.id] = cast("Image", self.amis.pop(image.id))
        if self.image_names.get(image.name) == image.id:
            del self.image_names[image.name]
        for snapshot_id in image.snapshot_ids():
            users = self.images_of_snapshot.get(snapshot_id, {})
            users.pop(image.id, None)
            if not users:
                self.images_of_snapshot.pop(snapshot_id, None)
        self.tags.pop(image.id, None)

    def require_image_name(self, name: str) -> None:
        """Refuse malformed names and those that another registered image has.

        botocore's model, CreateImageRequest.Name; EC2 API error codes, InvalidAMIName.*.
        A disabled, pending or failed image holds its name, too [NV].
        """
        if not _NAME.fullmatch(name):
            raise EC2ClientError(
                "InvalidAMIName.Malformed",
                "AMI names must be between 3 and 128 characters long, and may contain letters, "
                "numbers, '(', ')', '[', ']', ' ', '.', '/', '-', ''', '@' and '_'",
            )
        if name in self.image_names:
            raise EC2ClientError(
                "InvalidAMIName.Duplicate",
                f"AMI name {name} is already in use by AMI {self.image_names[name]}",
            )

    def find_image(self, image_id: str) -> Image | None:
        """The image if this account may use it: own, shared with it, or public."""
        if image_id in self.amis:
            return cast("Image", self.amis[image_id])
        for backend in neighbours(self):
            image = cast("Image | None", backend.amis.get(image_id))
            if image is not None and image.is_shared_with(self.account_id):
                return image
        return None

    def get_image(self, image_id: str) -> Image:
        """The image, or EC2's code for why not: malformed, deregistered or unknown."""
        image = self.find_image(image_id)
        if image is not None:
            return image
        require_image_id(image_id)
        if image_id in self.deregistered_images:
            raise unavailable(image_id)
        raise image_not_found(image_id)

    def own_image(self, image_id: str) -> Image:
        """The image, if it is this account's; another's is ``AuthFailure``."""
        image = self.get_image(image_id)
        if image.owner_id != self.account_id:
            raise EC2ClientError("AuthFailure", f"Not authorized for image:{image_id}")
        return image

    def launchable_image(self, image_id: str) -> Image:
        """The image, if instances can be launched from it now.

        Source: EC2 API error codes, InvalidAMIID.Unavailable; EC2 User Guide, "Disable an AMI".
        """
        image = self.get_image(image_id)
        if image.state != "available":
            raise EC2ClientError(
                "InvalidAMIID.Unavailable",
                f"The image id '[{image_id}]' is not in a state from which you can launch an "
                f"instance: it is {image.state}",
            )
        return image

    @override
    def describe_images(
        self,
        ami_ids: list[str] | None = None,
        filters: dict[str, Any] | None = None,
        exec_users: list[str] | None = None,
        owners: list[str] | None = None,
    ) -> list[Ami]:
        """As moto's own code knows it: ids must exist, filters are a mapping."""
        if ami_ids:
            return [self.get_image(each) for each in ami_ids]
        asked = {
            name: [values] if isinstance(values, str) else list(values)
            for name, values in (filters or {}).items()
        }
        if set(asked) == {"image-id"}:
            found = [self.find_image(each) for each in asked["image-id"] if each]
            return [image for image in found if image is not None]
        everything = [cast("Image", image) for image in self.amis.values()]
        requested = [{"Name": name, "Values": values} for name, values in asked.items()]
        chosen: list[Image] = select(everything, requested, IMAGE_FILTERS, Image.tags)
        return list(chosen)


def require_image_id(image_id: str) -> None:
    """Refuse what cannot be an image's id."""
    if not is_well_formed(image_id, "ami"):
        raise EC2ClientError(
            "InvalidAMIID.Malformed", f'Invalid id: "{image_id}" (expecting "ami-...")'
        )


def image_not_found(image_id: str) -> EC2ClientError:
    """The error for an image that is not there, or not for this account."""
    return EC2ClientError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")


def unavailable(image_id: str) -> EC2ClientError:
    """The error for an image that has been deregistered."""
    return EC2ClientError(
        "InvalidAMIID.Unavailable", f"The image id '[{image_id}]' is no longer available"
    )
