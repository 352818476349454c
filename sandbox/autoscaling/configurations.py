"""Launch configurations: what groups were launched from before there were templates.

Sources: botocore's model, ``CreateLaunchConfigurationType``, ``LaunchConfiguration``;
Auto Scaling User Guide, "Create a launch configuration" and "Create an Auto Scaling group
using parameters from an existing instance" (criteria, and what is taken over).
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from typing_extensions import override

from sandbox.autoscaling.activities import ActivityRules
from sandbox.autoscaling.errors import exists, in_use, invalid, too_many
from sandbox.autoscaling.model import Document
from sandbox.autoscaling.pages import page
from sandbox.clock import clock
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.launch_templates import plain

MOST_CONFIGURATIONS = 200
KEPT = (
    "ImageId",
    "KeyName",
    "InstanceType",
    "KernelId",
    "RamdiskId",
    "SpotPrice",
    "IamInstanceProfile",
    "EbsOptimized",
    "AssociatePublicIpAddress",
    "PlacementTenancy",
    "MetadataOptions",
    "ClassicLinkVPCId",
    "ClassicLinkVPCSecurityGroups",
    "UserData",
)


class ConfigurationRules(ActivityRules):
    """The launch configurations of one account and region."""

    @property
    def configurations(self) -> dict[str, Document]:
        """``LaunchConfiguration`` of the model, by name."""
        found: dict[str, Document] = self.__dict__.setdefault("_configurations", {})
        return found

    def configure(self, asked: Mapping[str, Any]) -> Document:
        """A new launch configuration; a name is used once, and nothing of it ever changes."""
        name = asked["LaunchConfigurationName"]
        if name in self.configurations:
            raise exists(
                "Launch Configuration by this name already exists - A launch configuration "
                f"already exists with the name {name}"
            )
        if len(self.configurations) >= MOST_CONFIGURATIONS:
            raise too_many(f"You have reached the limit of {MOST_CONFIGURATIONS} configurations.")
        base: Document = {}
        if asked.get("InstanceId"):
            base = taken_over(self.source_instance(asked["InstanceId"]))
        full = {**base, **asked}
        if not (full.get("ImageId") and full.get("InstanceType")):
            raise invalid(
                "Valid requests must contain either the InstanceID parameter or both the ImageId "
                "and InstanceType parameters."
            )
        self.ec2.get_image(full["ImageId"])
        monitoring = full.get("InstanceMonitoring") or {}
        self.configurations[name] = {
            "LaunchConfigurationName": name,
            "LaunchConfigurationARN": (
                f"arn:{self.partition}:autoscaling:{self.region_name}:{self.account_id}"
                f":launchConfiguration:{uuid4()}:launchConfigurationName/{name}"
            ),
            "EbsOptimized": False,
            "KernelId": "",
            "RamdiskId": "",
            "KeyName": "",
            "UserData": "",
            **{key: full[key] for key in KEPT if full.get(key) is not None},
            "SecurityGroups": full.get("SecurityGroups") or [],
            "BlockDeviceMappings": full.get("BlockDeviceMappings") or [],
            "InstanceMonitoring": {"Enabled": monitoring.get("Enabled", True)},
            "CreatedTime": clock.now(),
        }
        return self.configurations[name]

    def source_instance(self, instance_id: str) -> SandboxInstance:
        """The instance to take over from: running, in no group, its image still there."""
        found = self.ec2.get_instance_by_id(instance_id)
        if found is None:
            raise invalid(f"Instance [{instance_id}] is invalid.")
        if found.state != "running":
            raise invalid(f"Instance [{instance_id}] is not in the running state.")
        if any(instance_id in group.members for group in self.groups.values()):
            raise invalid(f"Instance [{instance_id}] is already part of an Auto Scaling group.")
        return found

    def forget_configuration(self, name: str) -> None:
        """Not while a group uses it (``ResourceInUse``)."""
        if name not in self.configurations:
            raise invalid(f"Launch configuration name not found - Launch configuration {name}")
        for group in self.groups.values():
            if group.facts.get("LaunchConfigurationName") == name:
                raise in_use(
                    f"Cannot delete launch configuration {name} because it is attached to "
                    f"AutoScalingGroup {group.name}"
                )
        del self.configurations[name]


class ConfigurationActions(AutoScalingResponse):
    """Launch configurations on the wire."""

    @override
    def create_launch_configuration(self) -> ActionResult:
        """By settings, or from an instance."""
        _backend(self).configure(plain(self.params))
        return EmptyResult()

    @override
    def describe_launch_configurations(self) -> ActionResult:
        """All, or the ones named; unknown names are not an error."""
        names = self._get_param("LaunchConfigurationNames", [])
        found = [
            each
            for name, each in _backend(self).configurations.items()
            if not names or name in names
        ]
        shown, token = page(found, plain(self.params))
        return ActionResult({"LaunchConfigurations": shown, "NextToken": token})

    @override
    def delete_launch_configuration(self) -> ActionResult:
        """One that no group uses."""
        _backend(self).forget_configuration(self._get_param("LaunchConfigurationName"))
        return EmptyResult()


def configured_request(configuration: Mapping[str, Any]) -> Document:
    """The RunInstances request that a launch configuration stands for."""
    groups = configuration["SecurityGroups"]
    request: Document = {
        name: configuration[name]
        for name in ("ImageId", "InstanceType", "KeyName", "UserData", "EbsOptimized")
        if configuration.get(name)
    }
    request["SecurityGroupIds"] = [each for each in groups if each.startswith("sg-")]
    request["SecurityGroups"] = [each for each in groups if not each.startswith("sg-")]
    public = configuration.get("AssociatePublicIpAddress")
    if public is not None:
        request["NetworkInterfaces"] = [
            {
                "DeviceIndex": 0,
                "AssociatePublicIpAddress": public,
                "Groups": request.pop("SecurityGroupIds"),
            }
        ]
    request["BlockDeviceMappings"] = [
        _device(each) for each in configuration["BlockDeviceMappings"]
    ]
    profile = configuration.get("IamInstanceProfile")
    if profile:
        key = "Arn" if profile.startswith("arn:") else "Name"
        request["IamInstanceProfile"] = {key: profile}
    if configuration.get("PlacementTenancy"):
        request["Placement"] = {"Tenancy": configuration["PlacementTenancy"]}
    if configuration.get("SpotPrice"):
        request["InstanceMarketOptions"] = {"MarketType": "spot"}
    if configuration.get("MetadataOptions"):
        request["MetadataOptions"] = configuration["MetadataOptions"]
    request["Monitoring"] = configuration["InstanceMonitoring"]
    return {name: value for name, value in request.items() if value not in (None, [], "")}


def _device(given: Mapping[str, Any]) -> Document:
    """EC2's ``NoDevice`` is an empty text; a volume goes with the instance unless told not to."""
    if given.get("NoDevice"):
        return {"DeviceName": given["DeviceName"], "NoDevice": ""}
    found = {name: given[name] for name in ("DeviceName", "VirtualName") if given.get(name)}
    if given.get("Ebs"):
        found["Ebs"] = {"DeleteOnTermination": True, **given["Ebs"]}
    return found


def taken_over(instance: SandboxInstance) -> Document:
    """What a launch configuration takes over from an instance: not its added disks, not tags."""
    found: Document = {
        "ImageId": instance.image_id,
        "InstanceType": instance.instance_type,
        "KeyName": instance.key_name,
        "EbsOptimized": bool(instance.ebs_optimized),
        "SecurityGroups": [group.id for group in instance.security_groups],
        "UserData": instance.user_data,
        "InstanceMonitoring": {"Enabled": instance.monitoring_state == "enabled"},
    }
    profile = instance.facts.get("IamInstanceProfile")
    if profile:
        found["IamInstanceProfile"] = profile["Arn"]
    return {name: value for name, value in found.items() if value is not None}


def _backend(response: AutoScalingResponse) -> ConfigurationRules:
    backend: Any = response.autoscaling_backend
    found: ConfigurationRules = backend
    return found
