"""One capacity reservation: whom it is for, how much of it is taken, when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.ec2.models.availability_zones_and_regions import Zone

from sandbox.ec2.filters import Reader, moment

PLATFORMS = (
    "Linux/UNIX",
    "Red Hat Enterprise Linux",
    "SUSE Linux",
    "Windows",
    "Windows with SQL Server",
    "Windows with SQL Server Enterprise",
    "Windows with SQL Server Standard",
    "Windows with SQL Server Web",
    "Linux with SQL Server Standard",
    "Linux with SQL Server Web",
    "Linux with SQL Server Enterprise",
    "RHEL with SQL Server Standard",
    "RHEL with SQL Server Enterprise",
    "RHEL with SQL Server Web",
    "RHEL with HA",
    "RHEL with HA and SQL Server Standard",
    "RHEL with HA and SQL Server Enterprise",
    "Ubuntu Pro",
)
"""Source: botocore's model, CapacityReservationInstancePlatform."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What an instance needs, and what a reservation has: all four must be equal.

    Source: EC2 User Guide, "Concepts for EC2 On-Demand Capacity Reservations".
    """

    type: str
    platform: str
    zone: str
    tenancy: str = "default"

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Slot":
        """That of an instance, from ``Instance`` of the model."""
        placement = facts.get("Placement") or {}
        plain = "Windows" if facts.get("Platform") == "windows" else "Linux/UNIX"
        return cls(
            str(facts.get("InstanceType")),
            facts.get("PlatformDetails") or plain,
            str(placement.get("AvailabilityZone")),
            placement.get("Tenancy") or "default",
        )


@dataclass(slots=True, kw_only=True, eq=False)
class Reservation:
    """On-demand capacity that is kept free for *total* instances."""

    id: str
    arn: str
    owner: str
    slot: Slot
    zone: Zone
    total: int
    created: datetime
    ebs_optimized: bool = False
    criteria: str = "open"
    ends: datetime | None = None
    state: str = "active"
    seats: set[str] = field(default_factory=set)
    """The instances that run in it."""

    @property
    def free(self) -> int:
        """How many more instances it can take."""
        return self.total - len(self.seats) if self.state == "active" else 0

    def as_described(self, tags: list[dict[str, str]]) -> dict[str, Any]:
        """``CapacityReservation`` of the model."""
        found = {
            "CapacityReservationId": self.id,
            "OwnerId": self.owner,
            "CapacityReservationArn": self.arn,
            "AvailabilityZone": self.slot.zone,
            "AvailabilityZoneId": self.zone.zone_id,
            "InstanceType": self.slot.type,
            "InstancePlatform": self.slot.platform,
            "Tenancy": self.slot.tenancy,
            "TotalInstanceCount": self.total,
            "AvailableInstanceCount": self.free,
            "EbsOptimized": self.ebs_optimized,
            "EphemeralStorage": False,
            "State": self.state,
            "StartDate": self.created,
            "EndDate": self.ends,
            "EndDateType": "limited" if self.ends else "unlimited",
            "InstanceMatchCriteria": self.criteria,
            "CreateDate": self.created,
            "Tags": tags,
            "CapacityAllocations": self._allocations(),
            "ReservationType": "default",
        }
        return {name: value for name, value in found.items() if value is not None}

    def _allocations(self) -> list[dict[str, Any]]:
        return [{"AllocationType": "used", "Count": len(self.seats)}] if self.seats else []


RESERVATION_FILTERS: dict[str, Reader[Reservation]] = {
    "instance-type": lambda each: [each.slot.type],
    "owner-id": lambda each: [each.owner],
    "instance-platform": lambda each: [each.slot.platform],
    "availability-zone": lambda each: [each.slot.zone],
    "tenancy": lambda each: [each.slot.tenancy],
    "outpost-arn": lambda _: [],
    "state": lambda each: [each.state],
    "start-date": lambda each: [moment(each.created)],
    "end-date": lambda each: [moment(each.ends) if each.ends else None],
    "end-date-type": lambda each: ["limited" if each.ends else "unlimited"],
    "instance-match-criteria": lambda each: [each.criteria],
    "placement-group-arn": lambda _: [],
}
"""Source: botocore's model, DescribeCapacityReservationsRequest.Filters."""
