"""What a group may be: sizes, zones and subnets, names, policies.

Sources: botocore's model, ``CreateAutoScalingGroupType``, ``UpdateAutoScalingGroupType``
(defaults and constraints); EC2 Auto Scaling API, CreateAutoScalingGroup.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.autoscaling.errors import invalid
from sandbox.autoscaling.model import CONFIGURED_BY, Document
from sandbox.autoscaling.movements import MovementRules
from sandbox.autoscaling.victims import is_policy

HEALTH_CHECKS = frozenset({"EC2", "EBS", "ELB", "VPC_LATTICE"})
DELETION_PROTECTIONS = frozenset({"none", "prevent-force-deletion", "prevent-all-deletion"})
LEAST_LIFETIME = 86400
_NAME = re.compile(r"[\x21-\x39\x3b-\x7e]{1,255}")


class GroupCheckRules(MovementRules):
    """Whether the settings of a group can be."""

    def place_facts(self, given: Mapping[str, Any], *, known: Sequence[str] = ()) -> Document:
        """``AvailabilityZones`` and ``VPCZoneIdentifier``, one following from the other.

        *known* are the subnets that the group has already.
        """
        zones = [*(given.get("AvailabilityZones") or []), *self._by_id(given)]
        listed = (given.get("VPCZoneIdentifier") or "").split(",")
        subnets = [each.strip() for each in listed if each.strip()]
        if not subnets and zones:
            subnets = [each for each in known if self._zone_of(each) in zones]
        if subnets:
            found = list(dict.fromkeys(self._zone_of(each) for each in subnets))
            if zones and set(zones) != set(found):
                raise invalid(
                    "The availability zones of the specified subnets and the Auto Scaling group "
                    "do not match"
                )
            zones = found
        if not zones:
            raise invalid("At least one Availability Zone or VPC Subnet is required.")
        for zone in zones:
            if self.ec2.get_zone_by_name(zone) is None:
                raise invalid(f"One or more Availability Zones do not exist: {zone}")
        facts: Document = {"AvailabilityZones": zones}
        facts["VPCZoneIdentifier"] = ",".join(subnets)
        return facts

    def _by_id(self, given: Mapping[str, Any]) -> list[str]:
        ids = given.get("AvailabilityZoneIds") or []
        if ids and given.get("AvailabilityZones"):
            raise invalid("AvailabilityZones and AvailabilityZoneIds cannot both be specified.")
        known = {each.zone_id: each.name for each in self.ec2.describe_availability_zones()}
        unknown = [each for each in ids if each not in known]
        if unknown:
            raise invalid(f"One or more Availability Zone IDs do not exist: {unknown[0]}")
        return [known[each] for each in ids]

    def _zone_of(self, subnet_id: str) -> str:
        for by_id in self.ec2.subnets.values():
            if subnet_id in by_id:
                return str(by_id[subnet_id].availability_zone)
        raise invalid(f"The subnet ID '{subnet_id}' does not exist")


def check_name(name: str) -> None:
    """ASCII 33 to 126 without the colon (``AutoScalingGroupName``)."""
    if not _NAME.fullmatch(name):
        raise invalid(f"Invalid Auto Scaling group name: {name}")


def check_configured_once(given: Mapping[str, Any], *, instance: bool) -> None:
    """Exactly one of the ways to say what members are launched with."""
    ways = [*CONFIGURED_BY, "InstanceId"] if instance else list(CONFIGURED_BY)
    if len([each for each in ways if given.get(each)]) != 1:
        raise invalid(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, "
            "InstanceId or MixedInstancesPolicy parameter."
        )


def check_sizes(least: int, most: int, desired: int) -> None:
    """The minimum, the desired capacity and the maximum in order."""
    if least < 0 or most < 0:
        raise invalid("Min and max bounds must be non-negative.")
    if least > most:
        raise invalid(f"Max bound, {most}, must be greater than or equal to min bound, {least}")
    if not least <= desired <= most:
        raise invalid(
            f"Desired capacity:{desired} must be between the specified min size:{least} and max "
            f"size:{most}"
        )


def check_settings(given: Mapping[str, Any]) -> None:
    """Settings that stand on their own."""
    kinds = [each.strip() for each in (given.get("HealthCheckType") or "EC2").split(",")]
    if not set(kinds) <= HEALTH_CHECKS:
        raise invalid(f"Invalid health check type: {given.get('HealthCheckType')}")
    for name in ("HealthCheckGracePeriod", "DefaultCooldown"):
        if int(given.get(name) or 0) < 0:
            raise invalid(f"{name} must not be negative.")
    for policy in given.get("TerminationPolicies") or []:
        if not is_policy(policy):
            raise invalid(f"Termination policy {policy} is not valid.")
    lifetime = int(given.get("MaxInstanceLifetime") or 0)
    if lifetime and lifetime < LEAST_LIFETIME:
        raise invalid(f"MaxInstanceLifetime must be 0 or at least {LEAST_LIFETIME} seconds.")
    _check_maintenance(given.get("InstanceMaintenancePolicy") or {})


def _check_maintenance(policy: Mapping[str, Any]) -> None:
    least, most = policy.get("MinHealthyPercentage"), policy.get("MaxHealthyPercentage")
    if (least is None) != (most is None):
        raise invalid("Both MinHealthyPercentage and MaxHealthyPercentage must be specified.")
    if least is not None and most is not None and most - least > 100:
        raise invalid(
            "The difference between MinHealthyPercentage and MaxHealthyPercentage cannot be "
            "greater than 100."
        )
