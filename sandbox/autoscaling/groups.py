"""Groups: created, changed, resized, deleted.

Sources: EC2 Auto Scaling API, CreateAutoScalingGroup, UpdateAutoScalingGroup,
SetDesiredCapacity, DeleteAutoScalingGroup; Auto Scaling User Guide, "How an instance refresh
works" (update restriction) and "Quotas".
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from typing_extensions import override

from sandbox.autoscaling.activities import RUNNING
from sandbox.autoscaling.configurations import taken_over
from sandbox.autoscaling.errors import busy, exists, in_use, invalid, too_many
from sandbox.autoscaling.group_checks import (
    DELETION_PROTECTIONS,
    GroupCheckRules,
    check_configured_once,
    check_name,
    check_settings,
    check_sizes,
)
from sandbox.autoscaling.model import CONFIGURED_BY, Document, Group
from sandbox.autoscaling.tags import checked_tags
from sandbox.clock import clock
from sandbox.health import health

MOST_GROUPS = 500
KEPT = (
    "DefaultCooldown",
    "HealthCheckType",
    "HealthCheckGracePeriod",
    "PlacementGroup",
    "TerminationPolicies",
    "NewInstancesProtectedFromScaleIn",
    "ServiceLinkedRoleARN",
    "MaxInstanceLifetime",
    "CapacityRebalance",
    "Context",
    "DesiredCapacityType",
    "DefaultInstanceWarmup",
    "InstanceMaintenancePolicy",
    "DeletionProtection",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "InstanceLifecyclePolicy",
)
PLACED_BY = ("AvailabilityZones", "AvailabilityZoneIds", "VPCZoneIdentifier")
IN_A_REFRESH = (
    "An active instance refresh with a desired configuration exists. All configuration options "
    "derived from the desired configuration are not available for update while the instance "
    "refresh is active."
)


class GroupRules(GroupCheckRules):
    """The groups of one account and region."""

    def create_group(self, asked: Mapping[str, Any]) -> Group:
        """A new group; its first members are launched at once."""
        name = asked["AutoScalingGroupName"]
        self._check_new(name, asked)
        least, most = int(asked["MinSize"]), int(asked["MaxSize"])
        desired = asked.get("DesiredCapacity")
        desired = least if desired is None else int(desired)
        check_sizes(least, most, desired)
        check_settings(asked)
        place, config = self._origin(name, asked)
        arns = _target_arns(asked)
        self.check_target_groups(arns)
        tags = checked_tags(asked.get("Tags") or [], name)
        arn = f"arn:{self.partition}:autoscaling:{self.region_name}:{self.account_id}"
        group = Group(
            name,
            f"{arn}:autoScalingGroup:{uuid4()}:autoScalingGroupName/{name}",
            {
                "DefaultCooldown": 300,
                "HealthCheckType": "EC2",
                "HealthCheckGracePeriod": 0,
                "TerminationPolicies": ["Default"],
                "NewInstancesProtectedFromScaleIn": False,
                "CapacityRebalance": False,
                "DeletionProtection": "none",
                "ServiceLinkedRoleARN": (
                    f"arn:{self.partition}:iam::{self.account_id}:role/aws-service-role/"
                    "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
                ),
                **{key: asked[key] for key in KEPT if asked.get(key) is not None},
                **place,
                **config,
                "MinSize": least,
                "MaxSize": most,
                "DesiredCapacity": desired,
                "LoadBalancerNames": asked.get("LoadBalancerNames") or [],
                "CreatedTime": clock.now(),
            },
        )
        for each in asked.get("LifecycleHookSpecificationList") or []:
            self.put_hook(group, each)
        group.tags = tags
        group.targets = dict.fromkeys(arns, False)
        group.asked = (
            "a user request created an AutoScalingGroup changing the desired capacity from 0 to "
            f"{desired}."
        )
        self.groups[name] = group
        health.watch((self.account_id, self.region_name), self.look_everywhere)
        self._done(group, [])
        return group

    def _check_new(self, name: str, asked: Mapping[str, Any]) -> None:
        check_name(name)
        if name in self.groups:
            raise exists(
                "AutoScalingGroup by this name already exists - A group with the name "
                f"{name} already exists"
            )
        if len(self.groups) >= MOST_GROUPS:
            raise too_many(f"You have reached the limit of {MOST_GROUPS} Auto Scaling groups.")
        check_configured_once(asked, instance=True)
        _check_protection(asked)

    def _origin(self, name: str, asked: Mapping[str, Any]) -> tuple[Document, Document]:
        """Where and with what members are launched; from an instance by a configuration."""
        instance_id = asked.get("InstanceId")
        if not instance_id:
            return self.place_facts(asked), self.checked_config(asked)
        instance = self.source_instance(instance_id)
        place = asked
        if not any(asked.get(each) for each in PLACED_BY):
            place = {"VPCZoneIdentifier": instance.subnet_id}
        facts = self.place_facts(place)
        group_name = instance.facts["Placement"].get("GroupName")
        if group_name:
            facts["PlacementGroup"] = group_name
        self.configure({**taken_over(instance), "LaunchConfigurationName": name})
        return facts, {"LaunchConfigurationName": name}

    def update_group(self, asked: Mapping[str, Any]) -> None:
        """What is given is changed; the desired capacity follows the bounds."""
        group = self.group(asked["AutoScalingGroupName"])
        if group.deleting:
            raise busy(f"The Auto Scaling group {group.name} is pending delete.")
        check_settings(asked)
        _check_protection(asked)
        changes = {key: asked[key] for key in KEPT if asked.get(key) is not None}
        changes |= self._new_config(group, asked)
        if any(asked.get(each) for each in PLACED_BY):
            changes |= self.place_facts(asked, known=group.subnets)
        sizes = _sizes(group, asked)
        check_sizes(**sizes)
        before = group.desired
        if any(changes.get(each) for each in CONFIGURED_BY):
            for each in CONFIGURED_BY:
                group.facts.pop(each, None)
        group.facts.update(changes)
        group.facts |= {
            "MinSize": sizes["least"],
            "MaxSize": sizes["most"],
            "DesiredCapacity": sizes["desired"],
        }
        if sizes["desired"] != before:
            group.asked = (
                "a user request update of AutoScalingGroup constraints to min: "
                f"{sizes['least']}, max: {sizes['most']}, desired: {sizes['desired']} changing "
                f"the desired capacity from {before} to {sizes['desired']}."
            )
        self._done(group, [])

    def _new_config(self, group: Group, asked: Mapping[str, Any]) -> Document:
        if not any(asked.get(each) for each in CONFIGURED_BY):
            return {}
        check_configured_once(asked, instance=False)
        refresh = group.refresh
        if refresh is not None and refresh.desired:
            raise invalid(IN_A_REFRESH)
        return self.checked_config(asked)

    def resize(self, name: str, desired: int, *, honors_cooldown: bool = False) -> None:
        """SetDesiredCapacity: within the bounds, during a cooldown only if it is not honored."""
        group = self.group(name)
        if desired < 0:
            raise invalid(f"New SetDesiredCapacity value {desired} is negative.")
        if desired > group.facts["MaxSize"]:
            raise invalid(
                f"New SetDesiredCapacity value {desired} is above max value "
                f"{group.facts['MaxSize']} for the AutoScalingGroup."
            )
        if desired < group.facts["MinSize"]:
            raise invalid(
                f"New SetDesiredCapacity value {desired} is below min value "
                f"{group.facts['MinSize']} for the AutoScalingGroup."
            )
        if honors_cooldown and group.cools_until and clock.now() < group.cools_until:
            raise busy(
                "You are trying to modify desired capacity while a scaling activity is in cooldown."
            )
        if desired != group.desired:
            group.asked = (
                "a user request explicitly set group desired capacity changing the desired "
                f"capacity from {group.desired} to {desired}."
            )
            cooldown = int(group.facts["DefaultCooldown"])
            group.cools_until = clock.now() + timedelta(seconds=cooldown)
        group.desired = desired
        self._done(group, [])

    def delete_group(self, asked: Mapping[str, Any]) -> None:
        """An empty, quiet group, or by force with everything in it, without drains and hooks."""
        group = self.group(asked["AutoScalingGroupName"])
        forced = bool(asked.get("ForceDelete"))
        protection = group.facts["DeletionProtection"]
        if protection == "prevent-all-deletion" or (
            forced and protection == "prevent-force-deletion"
        ):
            raise in_use(
                f"AutoScalingGroup {group.name} has deletion protection {protection} enabled."
            )
        if not forced:
            self._check_idle(group)
        group.deleting = True
        group.desired = 0
        group.facts |= {"MinSize": 0, "MaxSize": 0}
        for member in list(group.members.values()):
            self._drop(group, member.id)
        self._done(group, [])

    def _check_idle(self, group: Group) -> None:
        if any(not each.state.startswith("Terminating") for each in group.members.values()):
            raise in_use(
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot "
                "instance request(s) still in the group."
            )
        if any(each.status in RUNNING and each.arn == group.arn for each in self.activities):
            raise busy(
                "You cannot delete an AutoScalingGroup while there are scaling activities in "
                "progress for that group."
            )

    def _drop(self, group: Group, instance_id: str) -> None:
        member = group.members[instance_id]
        self.deregister(group, member)
        member.waits.clear()
        member.step += 1
        member.state = "Terminating"
        self.end(member.activity, "Cancelled", "The group is being deleted.")
        self.begin(
            group,
            f"Terminating EC2 instance: {member.id}",
            "an instance was taken out of service in response to a user request to force delete "
            "the Auto Scaling group.",
            member,
        )
        self._kill(group, member)

    @override
    def set_desired_capacity(self, group_name: str, desired_capacity: int | None) -> None:
        """For moto's scaling policies: within the bounds."""
        group = self.group(group_name)
        wanted = group.desired if desired_capacity is None else desired_capacity
        self.resize(
            group_name, max(group.facts["MinSize"], min(group.facts["MaxSize"], int(wanted)))
        )

    @override
    def change_capacity(self, group_name: str, scaling_adjustment: int | None) -> None:
        """For moto's scaling policies: ``ChangeInCapacity``."""
        group = self.group(group_name)
        self.set_desired_capacity(group_name, group.desired + int(scaling_adjustment or 0))

    @override
    def change_capacity_percent(self, group_name: str, scaling_adjustment: int | None) -> None:
        """For moto's scaling policies: ``PercentChangeInCapacity``, by one at least."""
        group = self.group(group_name)
        exact = group.desired * int(scaling_adjustment or 0) / 100
        change = int(exact) or (0 if not exact else 1 if exact > 0 else -1)
        self.set_desired_capacity(group_name, group.desired + change)

    @override
    def describe_auto_scaling_groups(  # type: ignore[override]
        self, names: list[str], filters: Any = None
    ) -> list[Group]:
        """For moto's warm pools and metrics: the groups of those names, or a refusal."""
        return [self.group(each) for each in names] if names else list(self.groups.values())

    @override
    def notify_terminate_instances(self, instance_ids: list[str]) -> None:
        """Nothing to do: a group watches its members' instances itself."""


def _target_arns(asked: Mapping[str, Any]) -> list[str]:
    sources = [
        each["Identifier"]
        for each in asked.get("TrafficSources") or []
        if each.get("Type", "elbv2") == "elbv2"
    ]
    return list(dict.fromkeys([*(asked.get("TargetGroupARNs") or []), *sources]))


def _check_protection(asked: Mapping[str, Any]) -> None:
    given = asked.get("DeletionProtection")
    if given and given not in DELETION_PROTECTIONS:
        raise invalid(f"Invalid deletion protection: {given}")


def _sizes(group: Group, asked: Mapping[str, Any]) -> dict[str, int]:
    least = int(asked["MinSize"]) if asked.get("MinSize") is not None else group.facts["MinSize"]
    most = int(asked["MaxSize"]) if asked.get("MaxSize") is not None else group.facts["MaxSize"]
    desired = asked.get("DesiredCapacity")
    if desired is None:
        # without one the desired capacity moves to the nearest bound
        desired = max(least, min(most, group.desired))
    return {"least": least, "most": most, "desired": int(desired)}
