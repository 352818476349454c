"""Allowed AMIs: which of others' images an account may find and use.

Source: EC2 User Guide, "Control the discovery and use of AMIs in Amazon EC2 with Allowed
AMIs"; botocore's model, ImageCriterionRequest. An account's own images are always allowed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from sandbox.clock import clock
from sandbox.ec2.errors import invalid_value
from sandbox.ec2.filters import matcher
from sandbox.ec2.image_model import Image
from sandbox.ec2.volumes import VolumeRules
from sandbox.ec2.wire import DocumentResult

DISABLED = "disabled"
ENABLED = "enabled"
AUDIT = "audit-mode"

MOST_CRITERIA = 10
_SHAPES: Mapping[str, tuple[int, re.Pattern[str]]] = {
    "ImageProviders": (
        200,
        re.compile(r"amazon|aws-marketplace|aws-backup-vault|none|[0-9]{12}"),
    ),
    "ImageNames": (50, re.compile(r"[A-Za-z0-9()\[\] ./\-'@_*?]{1,128}")),
    "MarketplaceProductCodes": (50, re.compile(r"[A-Za-z0-9]{1,25}")),
}

Criterion = Mapping[str, Any]


class AllowedImageRules(VolumeRules):
    """The settings of one account and region, and what they let through."""

    @property
    def allowed_images(self) -> str:
        """``disabled`` unless the account has said otherwise."""
        return str(self.__dict__.get("_allowed_images", DISABLED))

    @allowed_images.setter
    def allowed_images(self, value: str) -> None:
        self.__dict__["_allowed_images"] = value

    @property
    def image_criteria(self) -> list[Criterion]:
        """The criteria; they stay whatever the state is."""
        return cast("list[Criterion]", self.__dict__.setdefault("_image_criteria", []))

    def set_image_criteria(self, criteria: Sequence[Criterion]) -> None:
        """Replace all criteria."""
        if len(criteria) > MOST_CRITERIA:
            raise invalid_value(f"ImageCriteria can include up to {MOST_CRITERIA} criteria")
        for each in criteria:
            _check(each)
        self.image_criteria[:] = criteria

    def is_allowed(self, image: Image) -> bool:
        """Whether *image* meets a criterion, or is the account's own.

        Without criteria every image is allowed [NV].
        """
        if image.owner_id == self.account_id or not self.image_criteria:
            return True
        return any(_meets(image, each) for each in self.image_criteria)

    def is_usable(self, image: Image) -> bool:
        """Whether *image* can be found and used: owned, or shared and not kept out."""
        if not image.is_shared_with(self.account_id):
            return False
        return self.allowed_images != ENABLED or self.is_allowed(image)


class AllowedImageActions(EC2Response):
    """The same on the wire."""

    @property
    def _allowed(self) -> AllowedImageRules:
        return cast("AllowedImageRules", self.ec2_backend)

    def get_allowed_images_settings(self) -> ActionResult:
        """GetAllowedImagesSettings."""
        self.error_on_dryrun()
        return DocumentResult(
            {
                "State": self._allowed.allowed_images,
                "ImageCriteria": self._allowed.image_criteria,
                "ManagedBy": "account",
            }
        )

    def enable_allowed_images_settings(self) -> ActionResult:
        """EnableAllowedImagesSettings: ``enabled`` or ``audit-mode``."""
        self.error_on_dryrun()
        state = self._get_param("AllowedImagesSettingsState")
        if state not in {ENABLED, AUDIT}:
            raise invalid_value(
                f"Value ({state}) for parameter allowedImagesSettingsState is invalid."
            )
        self._allowed.allowed_images = state
        return DocumentResult({"AllowedImagesSettingsState": state})

    def disable_allowed_images_settings(self) -> ActionResult:
        """DisableAllowedImagesSettings; the criteria stay."""
        self.error_on_dryrun()
        self._allowed.allowed_images = DISABLED
        return DocumentResult({"AllowedImagesSettingsState": DISABLED})

    def replace_image_criteria_in_allowed_images_settings(self) -> ActionResult:
        """ReplaceImageCriteriaInAllowedImagesSettings."""
        self.error_on_dryrun()
        self._allowed.set_image_criteria(self._get_param("ImageCriteria", []))
        return DocumentResult({"ReturnValue": True})


def _meets(image: Image, criterion: Criterion) -> bool:
    """Whether all parameters of the criterion let it through; any value of each does.

    No image here has watermarks or has been scanned, so a condition on either is not met.
    """
    if "ImageWatermarks" in criterion or "ScanResultCondition" in criterion:
        return False
    tests: dict[str, Callable[[Any], bool]] = {
        "ImageProviders": lambda named: bool({image.owner_id, image.owner_alias} & set(named)),
        "ImageNames": lambda names: matcher(names)(image.name),
        "MarketplaceProductCodes": lambda codes: bool(set(codes) & set(image.traits.product_codes)),
        "CreationDateCondition": lambda held: _is_within(
            image.created, held["MaximumDaysSinceCreated"]
        ),
        "DeprecationTimeCondition": lambda held: (
            not image.is_deprecated
            or _is_within(image.deprecated_at, held["MaximumDaysSinceDeprecated"])
        ),
    }
    return all(test(criterion[name]) for name, test in tests.items() if name in criterion)


def _is_within(since: datetime | None, days: int) -> bool:
    return since is not None and (clock.now() - since).total_seconds() <= days * 86_400


def _check(criterion: Criterion) -> None:
    for name, (most, pattern) in _SHAPES.items():
        values = criterion.get(name, [])
        if len(values) > most:
            raise invalid_value(f"{name} can have up to {most} values")
        for value in values:
            if not pattern.fullmatch(value):
                raise invalid_value(f"'{value}' is not a valid value of {name}")
    providers = criterion.get("ImageProviders", [])
    if "none" in providers and (len(providers) > 1 or len(criterion) > 1):
        raise invalid_value("When 'none' is specified, no other values or criteria can be")
