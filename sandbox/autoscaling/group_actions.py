"""Groups and their members on the wire.

Sources: botocore's model, ``AutoScalingGroup``, ``Instance``, ``AutoScalingInstanceDetails``,
``AutoScalingGroupNamesType``, ``Filter``; EC2 Auto Scaling API, DescribeAutoScalingGroups.
"""

from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from typing_extensions import override

from sandbox.autoscaling.calls import AutoScalingCalls
from sandbox.autoscaling.configurations import MOST_CONFIGURATIONS
from sandbox.autoscaling.errors import invalid
from sandbox.autoscaling.groups import MOST_GROUPS
from sandbox.autoscaling.model import Document, Group, Member
from sandbox.autoscaling.pages import page
from sandbox.ec2.filters import matcher

MOST_IDS = 50
HIDDEN = frozenset({"Context"})


class GroupActions(AutoScalingCalls):
    """What a caller may do with groups."""

    @override
    def create_auto_scaling_group(self) -> ActionResult:
        """CreateAutoScalingGroup."""
        self.rules.create_group(self.asked)
        return EmptyResult()

    @override
    def update_auto_scaling_group(self) -> ActionResult:
        """UpdateAutoScalingGroup."""
        self.rules.update_group(self.asked)
        return EmptyResult()

    @override
    def set_desired_capacity(self) -> ActionResult:
        """SetDesiredCapacity."""
        asked = self.asked
        self.rules.resize(
            asked["AutoScalingGroupName"],
            int(asked["DesiredCapacity"]),
            honors_cooldown=bool(asked.get("HonorCooldown")),
        )
        return EmptyResult()

    @override
    def delete_auto_scaling_group(self) -> ActionResult:
        """DeleteAutoScalingGroup."""
        self.rules.delete_group(self.asked)
        return EmptyResult()

    @override
    def describe_auto_scaling_groups(self) -> ActionResult:
        """By name and tag; unknown names are not an error."""
        asked = self.asked
        names = asked.get("AutoScalingGroupNames") or []
        found = [each for each in self.rules.groups.values() if not names or each.name in names]
        for each in asked.get("Filters") or []:
            found = [group for group in found if _matches(group, each)]
        shown, token = page(found, asked)
        brief = asked.get("IncludeInstances") is False
        groups = [self._document(each, brief=brief) for each in shown]
        return ActionResult({"AutoScalingGroups": groups, "NextToken": token})

    def _document(self, group: Group, *, brief: bool) -> Document:
        facts = {key: value for key, value in group.facts.items() if key not in HIDDEN}
        arns = list(group.targets)
        return {
            **facts,
            "AutoScalingGroupName": group.name,
            "AutoScalingGroupARN": group.arn,
            "TargetGroupARNs": arns,
            "TrafficSources": [{"Identifier": each, "Type": "elbv2"} for each in arns],
            "Instances": [] if brief else [instance_document(m) for m in group.members.values()],
            "SuspendedProcesses": [
                {"ProcessName": name, "SuspensionReason": reason}
                for name, reason in group.suspended.items()
            ],
            "EnabledMetrics": [
                {"Metric": each, "Granularity": "1Minute"} for each in group.metrics
            ],
            "Tags": list(group.tags.values()),
            "WarmPoolConfiguration": group.warm_pool,
            "Status": "Delete in progress" if group.deleting else None,
        }

    @override
    def describe_auto_scaling_instances(self) -> ActionResult:
        """By id, at most 50 a page; instances of no group are left out."""
        asked = self.asked
        ids = asked.get("InstanceIds") or []
        if len(ids) > MOST_IDS:
            raise invalid(f"At most {MOST_IDS} instance IDs can be specified.")
        found = [
            {**instance_document(member), **_in_group(group, member)}
            for group in self.rules.groups.values()
            for member in group.members.values()
            if not ids or member.id in ids
        ]
        shown, token = page(found, asked, most=50)
        return ActionResult({"AutoScalingInstances": shown, "NextToken": token})

    @override
    def put_scaling_policy(self) -> ActionResult:
        """Of a group that is there; moto answers under a name that clients do not read."""
        self.rules.group(self.asked["AutoScalingGroupName"])
        super().put_scaling_policy()
        return ActionResult({"PolicyARN": self.rules.policies[self.asked["PolicyName"]].arn})

    def describe_account_limits(self) -> ActionResult:
        """The default quotas, and what is used of them."""
        return ActionResult(
            {
                "MaxNumberOfAutoScalingGroups": MOST_GROUPS,
                "MaxNumberOfLaunchConfigurations": MOST_CONFIGURATIONS,
                "NumberOfAutoScalingGroups": len(self.rules.groups),
                "NumberOfLaunchConfigurations": len(self.rules.configurations),
            }
        )


def instance_document(member: Member) -> Document:
    """``Instance`` of the model."""
    return {
        "InstanceId": member.id,
        "InstanceType": member.instance.instance_type,
        "AvailabilityZone": member.instance.availability_zone,
        "AvailabilityZoneId": member.instance.zone_id,
        "LifecycleState": member.state,
        "HealthStatus": "Healthy" if member.healthy else "Unhealthy",
        "LaunchConfigurationName": member.source.configuration,
        "LaunchTemplate": member.source.template,
        "ImageId": member.instance.image_id,
        "ProtectedFromScaleIn": member.protected,
        "WeightedCapacity": member.source.weight,
    }


def _in_group(group: Group, member: Member) -> Document:
    """DescribeAutoScalingInstances says the health status in capitals (User Guide, examples)."""
    return {
        "AutoScalingGroupName": group.name,
        "HealthStatus": "HEALTHY" if member.healthy else "UNHEALTHY",
    }


def _matches(group: Group, given: Mapping[str, Any]) -> bool:
    name = given.get("Name") or ""
    fits = matcher([str(each) for each in given.get("Values") or []])
    if name == "tag-key":
        return any(fits(key) for key in group.tags)
    if name == "tag-value":
        return any(fits(tag["Value"]) for tag in group.tags.values())
    if name.startswith("tag:"):
        tag = group.tags.get(name.removeprefix("tag:"))
        return tag is not None and fits(tag["Value"])
    raise invalid(
        f"Filter type {name} is not correct. Allowed Filter types are: tag-key, "
        "tag-value, tag:<key>"
    )
