"""Where a launch goes: zones, tenancy and placement groups.

Source: botocore's model, ``Placement``; EC2 API Reference, CreatePlacementGroup,
DescribePlacementGroups, DeletePlacementGroup; EC2 API error codes.
"""

from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_id
from typing_extensions import override

from sandbox.ec2.document_filters import document_tags, path_readers
from sandbox.ec2.filters import select
from sandbox.ec2.instances import InstanceRules
from sandbox.ec2.wire import DocumentResult

TENANCIES = frozenset({"default", "dedicated", "host"})
AFFINITIES = frozenset({"default", "host"})
KEPT = ("Affinity", "GroupName", "HostId", "HostResourceGroupArn", "PartitionNumber", "GroupId")
CHANGEABLE = (*KEPT, "Tenancy")
STRATEGIES = frozenset({"cluster", "partition", "spread"})
GROUP_FILTERS = path_readers(
    {
        "group-name": "GroupName",
        "group-arn": "GroupArn",
        "spread-level": "SpreadLevel",
        "state": "State",
        "strategy": "Strategy",
    }
)


class PlacementRules(InstanceRules):
    """The placement groups of one account and region, and who is placed where."""

    @property
    def placement_groups(self) -> dict[str, dict[str, Any]]:
        """``PlacementGroup`` of the model, by name."""
        found: dict[str, dict[str, Any]] = self.__dict__.setdefault("_placement_groups", {})
        return found

    def placement_zone(self, request: Mapping[str, Any]) -> str | None:
        """The zone that the request names, if it is one of the region's."""
        zone: str | None = (request.get("Placement") or {}).get("AvailabilityZone")
        if zone and self.get_zone_by_name(zone) is None:
            raise EC2ClientError("InvalidParameterValue", f"Invalid availability zone: [{zone}]")
        return zone

    def placement_facts(self, request: Mapping[str, Any], zone: str) -> dict[str, Any]:
        """``Placement`` as the instance will have it."""
        wanted = request.get("Placement") or {}
        tenancy = wanted.get("Tenancy") or "default"
        if tenancy not in TENANCIES:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({tenancy}) for parameter placement.tenancy is invalid.",
            )
        name = wanted.get("GroupName")
        if name and not self._is_group(name):
            raise EC2ClientError(
                "InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown."
            )
        self._check_strategy(name or "", str(request["InstanceType"]))
        where = self.get_zone_by_name(zone)
        return {
            "AvailabilityZone": zone,
            "AvailabilityZoneId": where.zone_id if where else None,
            "GroupName": "",
            "Tenancy": tenancy,
            **{key: wanted[key] for key in KEPT if wanted.get(key)},
        }

    def moved(self, placement: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """*placement* with what *wanted* gives, if an instance can be moved like that.

        ``InvalidRequest`` for a tenancy that cannot follow ``host``; [NV] the other codes.
        """
        changed = {**placement, **wanted}
        _check_tenancy(placement, changed)
        for name, each in self.placement_groups.items():
            if wanted.get("GroupId") == each["GroupId"]:
                changed["GroupName"] = name
        name = changed.get("GroupName") or ""
        if name and not self._is_group(name):
            raise EC2ClientError(
                "InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown."
            )
        if not name:
            changed.pop("GroupId", None)
        strategy = self.placement_groups.get(name, {}).get("Strategy")
        if wanted.get("PartitionNumber") and strategy != "partition":
            raise EC2ClientError(
                "InvalidParameterCombination",
                "A partition number needs a placement group of the strategy 'partition'.",
            )
        if strategy == "spread" and changed["Tenancy"] != "default":
            raise EC2ClientError(
                "InvalidParameterCombination",
                "An instance in a spread placement group has the tenancy 'default'.",
            )
        return {**changed, "GroupName": name}

    def _check_strategy(self, name: str, type_: str) -> None:
        """A group of a strategy that the type takes (its PlacementGroupInfo)."""
        strategy = self.placement_groups.get(name, {}).get("Strategy")
        info = INSTANCE_TYPES.get(type_, {}).get("PlacementGroupInfo", {})
        taken = info.get("SupportedStrategies") or ()
        if strategy and taken and strategy not in taken:
            raise EC2ClientError(
                "InvalidParameterCombination",
                f"{strategy.capitalize()} placement groups are not supported by the '{type_}' "
                "instance type.",
            )

    def _is_group(self, name: str) -> bool:
        # a recorded fleet brings instances in groups without the groups themselves
        return name in self.placement_groups or any(
            each.facts["Placement"].get("GroupName") == name for each in self.machines.values()
        )


def _check_tenancy(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for name, allowed in (("Affinity", AFFINITIES), ("Tenancy", TENANCIES)):
        if after.get(name) and after[name] not in allowed:
            raise EC2ClientError(
                "InvalidParameterValue", f"Value ({after[name]}) for parameter {name} is invalid."
            )
    if before.get("Tenancy") == "host" and after.get("Tenancy") != "host":
        raise EC2ClientError(
            "InvalidRequest", "The tenancy of an instance on a Dedicated Host cannot change."
        )


class PlacementActions(EC2Response):
    """Placement groups on the wire, and the zone of a subnet that names none."""

    @override
    def create_subnet(self) -> ActionResult:
        """Without a zone always the same one: moto rolls dice, and a test would, too."""
        if not self._get_param("AvailabilityZone") and not self._get_param("AvailabilityZoneId"):
            zones = self.ec2_backend.describe_availability_zones()
            self.params["AvailabilityZone"] = min(zone.name for zone in zones)
        return super().create_subnet()

    def modify_instance_placement(self) -> ActionResult:
        """Another group, host, partition or tenancy for a stopped instance; affinity any time.

        An empty ``GroupName`` takes it out of its group. Source: EC2 API Reference,
        ModifyInstancePlacement.
        """
        backend: PlacementRules = self.ec2_backend
        instance = backend.get_instance(self._get_param("InstanceId"))
        wanted = {name: self.params[name] for name in CHANGEABLE if name in self.params}
        if not wanted:
            raise EC2ClientError("InvalidParameterCombination", "No attributes specified.")
        if set(wanted) - {"Affinity"} and instance.state != "stopped":
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in the 'stopped' state.",
            )
        placement = backend.moved(instance.facts["Placement"], wanted)
        instance.facts["Placement"] = placement
        return DocumentResult({"Return": True})

    def create_placement_group(self) -> ActionResult:
        """A name is used once (``InvalidPlacementGroup.Duplicate``)."""
        backend: PlacementRules = self.ec2_backend
        name = self._get_param("GroupName") or random_id("pg")
        strategy = self._get_param("Strategy") or "cluster"
        self.error_on_dryrun()
        if name in backend.placement_groups:
            raise EC2ClientError(
                "InvalidPlacementGroup.Duplicate", f"The Placement Group '{name}' already exists."
            )
        if strategy not in STRATEGIES:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({strategy}) for parameter strategy is invalid.",
            )
        group = {
            "GroupName": name,
            "GroupId": random_id("pg"),
            "State": "available",
            "Strategy": strategy,
            "PartitionCount": self._get_param("PartitionCount"),
            "SpreadLevel": self._get_param("SpreadLevel"),
            "GroupArn": f"arn:{self.partition}:ec2:{self.region}:{self.current_account}"
            f":placement-group/{name}",
        }
        tags = self._parse_tag_specification().get("placement-group", {})
        group["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        backend.placement_groups[name] = group
        return DocumentResult({"PlacementGroup": group})

    def describe_placement_groups(self) -> ActionResult:
        """All, or the ones named; an unknown name is ``InvalidPlacementGroup.Unknown``."""
        backend: PlacementRules = self.ec2_backend
        names = self._get_param("GroupNames", [])
        for name in names:
            _require(backend, name)
        chosen = [
            group for name, group in backend.placement_groups.items() if not names or name in names
        ]
        filters = self._get_param("Filters", [])
        return DocumentResult(
            {"PlacementGroups": select(chosen, filters, GROUP_FILTERS, document_tags)}
        )

    def delete_placement_group(self) -> ActionResult:
        """Only when no instance is in it (``InvalidPlacementGroup.InUse``)."""
        backend: PlacementRules = self.ec2_backend
        name = self._get_param("GroupName")
        _require(backend, name)
        for each in backend.machines.values():
            if each.facts["Placement"].get("GroupName") == name and not each.is_gone:
                raise EC2ClientError(
                    "InvalidPlacementGroup.InUse", f"The Placement Group '{name}' is in use."
                )
        del backend.placement_groups[name]
        return EmptyResult()


def _require(backend: PlacementRules, name: str) -> None:
    if name not in backend.placement_groups:
        raise EC2ClientError(
            "InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown."
        )
