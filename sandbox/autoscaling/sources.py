"""What a group launches its members with, as the RunInstances request that it becomes.

Sources: Auto Scaling User Guide, "Create a launch template for an Auto Scaling group" and
"Auto Scaling groups with multiple instance types and purchase options"; botocore's model,
``MixedInstancesPolicy``, ``LaunchConfiguration``, ``CreateAutoScalingGroupType.Tags``
(a group's tag overrides the template's tag with the same key).
"""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models.launch_templates import LaunchTemplateVersion

from sandbox.autoscaling.configurations import ConfigurationRules, configured_request
from sandbox.autoscaling.errors import invalid
from sandbox.autoscaling.model import Document, Group, Source
from sandbox.ec2.launch_templates import plain

RESOLVED = "resolve:ssm:"
NOT_FORMED = "You must use a valid fully-formed launch template. "
NUMBERLESS = frozenset({"$Latest", "$Default"})


class SourceRules(ConfigurationRules):
    """From a group's configuration to what its next member is launched with."""

    def next_source(self, group: Group) -> tuple[Source, Document]:
        """The source of the next member, and the request in so far as the source says it."""
        config = group.current_config
        if config.get("LaunchConfigurationName"):
            return self._configured(config["LaunchConfigurationName"])
        mixed = config.get("MixedInstancesPolicy")
        if not mixed:
            return self._templated(config["LaunchTemplate"], {})
        launch = mixed["LaunchTemplate"]
        override = (launch.get("Overrides") or [{}])[0]
        spec = override.get("LaunchTemplateSpecification") or launch["LaunchTemplateSpecification"]
        source, request = self._templated(spec, override)
        if _wants_spot(group, mixed.get("InstancesDistribution") or {}):
            request["InstanceMarketOptions"] = {"MarketType": "spot"}
        return source, request

    def _configured(self, name: str) -> tuple[Source, Document]:
        configuration = self.configurations.get(name)
        if configuration is None:
            raise invalid(f"Launch configuration name not found - {name}")
        return Source(configuration=name), configured_request(configuration)

    def _templated(
        self, spec: Mapping[str, Any], override: Mapping[str, Any]
    ) -> tuple[Source, Document]:
        version = self.template_of(spec)
        template = {
            "LaunchTemplateId": version.template.id,
            "LaunchTemplateName": version.template.name,
            "Version": str(version.number),
        }
        request: Document = {
            "LaunchTemplate": {
                "LaunchTemplateId": version.template.id,
                "Version": str(version.number),
            }
        }
        source = Source(template=template)
        for name, key in (("InstanceType", "instance_type"), ("ImageId", "image_id")):
            if override.get(name):
                request[name] = override[name]
                source = replace(source, **{key: override[name]})
        if override.get("WeightedCapacity"):
            source = replace(source, weight=override["WeightedCapacity"])
        return source, request

    def complete_request(
        self, request: Document, group: Group, subnet: str | None, zone: str
    ) -> Document:
        """The whole request: one instance, in its place, with the group's tags."""
        full: Document = {**request, "MinCount": 1, "MaxCount": 1}
        interfaces = full.get("NetworkInterfaces") or self._interfaces(request)
        if interfaces:
            primary = interfaces[0]
            if subnet and not primary.get("NetworkInterfaceId"):
                interfaces = [{**each, "SubnetId": subnet} for each in interfaces]
            full["NetworkInterfaces"] = interfaces
        elif subnet:
            full["SubnetId"] = subnet
        if not subnet:
            full["Placement"] = {**(request.get("Placement") or {}), "AvailabilityZone": zone}
        if group.facts.get("PlacementGroup"):
            placement = full.get("Placement") or {}
            full["Placement"] = {**placement, "GroupName": group.facts["PlacementGroup"]}
        tags = [
            {"Key": each["Key"], "Value": each.get("Value") or ""}
            for each in group.tags.values()
            if each.get("PropagateAtLaunch")
        ]
        if tags:
            full["TagSpecifications"] = [{"ResourceType": "instance", "Tags": tags}]
        return full

    def _interfaces(self, request: Mapping[str, Any]) -> list[Document]:
        data = self.template_data(request["LaunchTemplate"]) if "LaunchTemplate" in request else {}
        found: list[Document] = data.get("NetworkInterfaces") or []
        return found

    def template_data(self, spec: Mapping[str, Any]) -> Document:
        """The data of the version that *spec* names."""
        found: Document = plain(self.template_of(spec).data)
        return found

    def template_of(self, spec: Mapping[str, Any]) -> LaunchTemplateVersion:
        """The version that *spec* names now; by id, where a saved one has the name as well."""
        chosen = {name: value for name, value in spec.items() if name != "LaunchTemplateName"}
        return self.ec2.template_version(chosen if spec.get("LaunchTemplateId") else spec)

    def checked_config(self, given: Mapping[str, Any]) -> Document:
        """Launch template, mixed instances policy or launch configuration, if it can be used.

        ``ValidationError``: "You must use a valid fully-formed launch template." An image
        must exist; that it can be launched shows only at the launch.
        """
        if given.get("LaunchConfigurationName"):
            self._configured(given["LaunchConfigurationName"])
            return {"LaunchConfigurationName": given["LaunchConfigurationName"]}
        mixed = given.get("MixedInstancesPolicy")
        if not mixed:
            return {"LaunchTemplate": self._checked_template(given["LaunchTemplate"], [{}])}
        launch = mixed.get("LaunchTemplate") or {}
        overrides = launch.get("Overrides") or []
        base = launch.get("LaunchTemplateSpecification")
        if not base:
            raise invalid(
                "Valid requests must contain LaunchTemplateSpecification in MixedInstancesPolicy."
            )
        for each in overrides:
            if each.get("LaunchTemplateSpecification"):
                self._checked_template(each["LaunchTemplateSpecification"], [each])
        own = [each for each in overrides if not each.get("LaunchTemplateSpecification")]
        spec = self._checked_template(base, own or [{}])
        return {
            "MixedInstancesPolicy": {
                "LaunchTemplate": {"LaunchTemplateSpecification": spec, "Overrides": overrides},
                "InstancesDistribution": {
                    "OnDemandAllocationStrategy": "prioritized",
                    "OnDemandBaseCapacity": 0,
                    "OnDemandPercentageAboveBaseCapacity": 100,
                    "SpotAllocationStrategy": "lowest-price",
                    "SpotInstancePools": 2,
                    **(mixed.get("InstancesDistribution") or {}),
                },
            }
        }

    def _checked_template(self, spec: Mapping[str, Any], overrides: list[Document]) -> Document:
        if bool(spec.get("LaunchTemplateId")) == bool(spec.get("LaunchTemplateName")):
            raise invalid(
                "Valid requests must contain either launchTemplateId or LaunchTemplateName"
            )
        try:
            version = self.ec2.template_version(spec)
            data = plain(version.data)
            for each in overrides:
                self._check_launch({**data, **each})
        except ServiceException as error:
            if error.code == "ValidationError":
                raise
            raise invalid(f"{NOT_FORMED}{error.message}") from error
        found = {
            "LaunchTemplateId": version.template.id,
            "LaunchTemplateName": version.template.name,
        }
        # a version that was not given is not shown
        return {**found, "Version": spec["Version"]} if spec.get("Version") else found

    def _check_launch(self, data: Mapping[str, Any]) -> None:
        if not data.get("ImageId"):
            raise invalid(f"{NOT_FORMED}The request must contain the parameter ImageId")
        if not (data.get("InstanceType") or data.get("InstanceRequirements")):
            raise invalid(
                "You must use a valid fully-formed launch template that includes an instance type."
            )
        if not str(data["ImageId"]).startswith(RESOLVED):
            self.ec2.get_image(data["ImageId"])


def template_specs(config: Mapping[str, Any]) -> list[Document]:
    """Every launch template that a configuration names."""
    if config.get("LaunchTemplate"):
        return [config["LaunchTemplate"]]
    launch = (config.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    found = [launch.get("LaunchTemplateSpecification")]
    found += [each.get("LaunchTemplateSpecification") for each in launch.get("Overrides") or []]
    return [each for each in found if each]


def overrides_of(config: Mapping[str, Any]) -> list[Document]:
    """The overrides of a configuration's mixed instances policy."""
    launch = (config.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    return launch.get("Overrides") or []


def _wants_spot(group: Group, distribution: Mapping[str, Any]) -> bool:
    """Whether the next member is a Spot Instance, by base and percentage."""
    base = int(distribution.get("OnDemandBaseCapacity") or 0)
    given = distribution.get("OnDemandPercentageAboveBaseCapacity")
    percentage = 100 if given is None else int(given)
    counted = [each for each in group.members.values() if each.is_counted]
    on_demand = sum(each.weight for each in counted if each.instance.lifecycle != "spot")
    after = group.capacity + 1
    wanted = min(after, base) + ceil(max(0, after - base) * percentage / 100)
    return on_demand >= wanted
