"""The AMIs of one account and region: kept, found, and who may see them.

Making them is in ``image_creation``, ``image_registration`` and ``image_copies``, what
happens to them later in ``image_lifecycle``, the answers to describes in ``image_listing``.

Sources: EC2 API error codes, InvalidAMIID.Malformed, .NotFound and .Unavailable; [NV] that
another account's image is ``AuthFailure``.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.amis import Ami
from typing_extensions import override

from sandbox.ec2.allowed_images import AllowedImageRules
from sandbox.ec2.filters import select
from sandbox.ec2.image_filters import IMAGE_FILTERS
from sandbox.ec2.image_model import Image
from sandbox.ec2.image_names import check_name
from sandbox.ec2.sharing import is_well_formed, neighbours
from sandbox.quotas import quotas
from sandbox.rbin import Kind

INTERNAL_ERROR = ("Client.InternalError", "Client error on launch")


@dataclass(slots=True)
class PlannedFailure:
    """Images that are going to fail, as somebody asked."""

    when: Callable[[Image], bool]
    left: int
    code: str
    message: str


class ImageRules(AllowedImageRules):
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
        self.image_names[image.name] = image.id
        self._register(image)
        self.create_tags([image.id], tags or {})
        self.pending_images.append(image)
        for planned in self.planned_failures:
            if planned.left > 0 and planned.when(image):
                planned.left -= 1
                image.failure = (planned.code, planned.message)
                break
        return image

    def forget_image(self, image: Image) -> None:
        """Take a deregistered image off the books, perhaps into the bin; its snapshots stay.

        Only an EBS-backed image is kept (EBS User Guide, "Considerations for Recycle Bin"), a
        disabled one too, but one that is pending or has failed is not [NV].
        """
        is_ready = image.state in {"available", "disabled"}
        image.deregistered = True
        self.deregistered_images[image.id] = cast("Image", self.amis.pop(image.id))
        for snapshot_id in image.snapshot_ids():
            users = self.images_of_snapshot.get(snapshot_id, {})
            users.pop(image.id, None)
            if not users:
                self.images_of_snapshot.pop(snapshot_id, None)
        is_keepable = is_ready and image.root_device_type == "ebs"
        if not (is_keepable and self.retain(Kind.IMAGE, image, leave=self._release)):
            self._release(image)
            self.tags.pop(image.id, None)

    def restore_image(self, image_id: str) -> Image:
        """Bring an image back from the Recycle Bin, shared and disabled as it was.

        All of its snapshots must have been restored before (EBS User Guide, "Considerations
        for Recycle Bin"); the code for when they are not is [NV].
        """
        image: Image = self.kept(Kind.IMAGE, image_id, image_not_found).resource
        for snapshot_id in image.snapshot_ids():
            snapshot = self.find_snapshot(snapshot_id)
            if snapshot is None or snapshot.status != "completed":
                raise EC2ClientError(
                    "IncorrectState",
                    f"The image '{image_id}' cannot be restored: its snapshot '{snapshot_id}' "
                    "is not available",
                )
        self.take_back(Kind.IMAGE, image_id, image_not_found)
        image.deregistered = False
        del self.deregistered_images[image_id]
        self._register(image)
        return image

    def _register(self, image: Image) -> None:
        self.amis[image.id] = image
        for device in image.mapping:
            if device.snapshot_id:
                self.images_of_snapshot[device.snapshot_id][image.id] = None

    def _release(self, image: Image) -> None:
        """Let others have its name; an image in the Recycle Bin holds it still [NV]."""
        if self.image_names.get(image.name) == image.id:
            del self.image_names[image.name]

    def require_new_image(self, name: str) -> None:
        """Refuse malformed names, those that another image has, and images beyond the quota.

        EC2 API error codes, InvalidAMIName.*. A disabled, pending or failed image holds its
        name, too, and so does one in the Recycle Bin [NV]. Those in the Recycle Bin count for
        the quota (EC2 User Guide, "AMI quotas in Amazon EC2"); its code is [NV].
        """
        check_name(name)
        if name in self.image_names:
            raise EC2ClientError(
                "InvalidAMIName.Duplicate",
                f"AMI name {name} is already in use by AMI {self.image_names[name]}",
            )
        most = quotas.most("images")
        if len(self.amis) + len(self.kept_of(Kind.IMAGE)) >= most:
            raise EC2ClientError(
                "ResourceLimitExceeded",
                f"You have reached the limit of {most} images in this Region",
            )

    @override
    def keeps(self, resource_id: str) -> bool:
        """Also an image that is shared with this account, as with snapshots."""
        return self.find_image(resource_id) is not None or super().keeps(resource_id)

    def find_image(self, image_id: str) -> Image | None:
        """The image if this account may use it: own, or shared with it or public and allowed."""
        if image_id in self.amis:
            return cast("Image", self.amis[image_id])
        for backend in neighbours(self):
            image = cast("Image | None", backend.amis.get(image_id))
            if image is not None and self.is_usable(image):
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


def image_not_found(image_id: str, *more: str) -> EC2ClientError:
    """The error for an image that is not there, or not for this account.

    It names all of several; its words for them are those that clients take apart [NV].
    """
    require_image_id(image_id)
    what = f"ids '[{', '.join((image_id, *more))}]' do" if more else f"id '[{image_id}]' does"
    return EC2ClientError("InvalidAMIID.NotFound", f"The image {what} not exist")


def unavailable(image_id: str) -> EC2ClientError:
    """The error for an image that has been deregistered."""
    return EC2ClientError(
        "InvalidAMIID.Unavailable", f"The image id '[{image_id}]' is no longer available"
    )
