"""What a disk's contents are billed as, carried from an instance through its snapshots.

Sources: EC2 API, AttachVolume and CreateVolume ("Any AWS Marketplace product codes from the
snapshot are propagated to the volume"); EC2 User Guide, "Understand AMI billing information".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LINUX = "RunInstances"
"""The usage operation of Linux/UNIX, and of a disk that says nothing."""


@dataclass(frozen=True, slots=True)
class Licence:
    """Marketplace product codes and the usage operation (the billing code)."""

    product_codes: tuple[str, ...] = ()
    usage_operation: str = LINUX

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Licence":
        """That of an instance, from ``Instance`` of the model."""
        codes = tuple(each["ProductCodeId"] for each in facts.get("ProductCodes") or ())
        return cls(codes, facts.get("UsageOperation") or LINUX)

    def as_described(self) -> list[dict[str, str]]:
        """The product codes as the model has them."""
        return [
            {"ProductCodeId": code, "ProductCodeType": "marketplace"} for code in self.product_codes
        ]


FREE = Licence()
"""No product code, nothing to pay for but the machine."""
