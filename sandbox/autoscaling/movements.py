"""Members moved by hand: standby, attach, detach, terminate, health, protection.

Sources: EC2 Auto Scaling API, EnterStandby, ExitStandby, AttachInstances, DetachInstances,
TerminateInstanceInAutoScalingGroup, SetInstanceHealth, SetInstanceProtection; Auto Scaling
User Guide, "Temporarily remove instances" (the new desired capacity must lie between the
minimum and the maximum), "Detach or attach instances", "Quotas".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.autoscaling.models import ASG_NAME_TAG

from sandbox.autoscaling.activities import activity_document
from sandbox.autoscaling.errors import invalid, too_many
from sandbox.autoscaling.model import Document, Group, Member, Source
from sandbox.autoscaling.scaling import ScalingRules
from sandbox.ec2.instance_model import SandboxInstance

MOST_AT_ONCE = 20
MOST_PROTECTED_AT_ONCE = 50


class MovementRules(ScalingRules):
    """What a caller may do with single members."""

    def settle(self) -> None:
        """Bring EC2, and with it every group, up to the clock."""
        self.ec2.settle()

    def enter_standby(self, asked: Mapping[str, Any]) -> list[Document]:
        """Members in service go to standby; without the decrement others replace them."""
        return self._step_out(
            asked, ("InService",), self.stand_by, "To place into standby", "moved to standby"
        )

    def exit_standby(self, asked: Mapping[str, Any]) -> list[Document]:
        """Back in service; the desired capacity grows, up to the maximum."""
        group, members = self._chosen(asked, ("Standby",))
        before = group.desired
        more = sum(each.weight for each in members)
        if before + more > group.facts["MaxSize"]:
            raise invalid(
                f"AutoScalingGroup {group.name} has max-size={group.facts['MaxSize']}, and "
                f"desired-capacity={before}. To move out of standby {len(members)} instance(s), "
                "please update the AutoScalingGroup sizes appropriately."
            )
        found = []
        for at, member in enumerate(members, 1):
            self.come_back(
                group,
                member,
                f"Moving EC2 instance out of Standby: {member.id}",
                f"instance {member.id} was moved out of standby in response to a user request, "
                f"increasing the capacity from {before + at - 1} to {before + at}.",
            )
            found.append(activity_document(self.activities[-1]))
        group.desired = before + more
        return self._done(group, found)

    def detach(self, asked: Mapping[str, Any]) -> list[Document]:
        """Members in service or in standby go on as instances like any other."""
        states = ("InService", "Standby")
        return self._step_out(asked, states, self.let_go, "To detach", "detached")

    def _step_out(
        self,
        asked: Mapping[str, Any],
        states: tuple[str, ...],
        move: Callable[[Group, Member, str], None],
        aim: str,
        how: str,
    ) -> list[Document]:
        """*move* each member that was asked for, one activity each."""
        group, members = self._chosen(asked, states)
        less = self._less(group, members, asked, aim)
        found = []
        for at, member in enumerate(members, 1):
            change = _shrinking(group, at) if less else "."
            why = f"instance {member.id} was {how} in response to a user request{change}"
            move(group, member, why)
            found.append(activity_document(self.activities[-1]))
        group.desired -= less
        return self._done(group, found)

    def attach(self, asked: Mapping[str, Any]) -> None:
        """Running instances of nobody's, in the group's zones, up to its maximum size."""
        group = self.group(asked["AutoScalingGroupName"])
        ids = list(dict.fromkeys(asked.get("InstanceIds") or []))
        _check_number(ids)
        instances = [self._attachable(group, each) for each in ids]
        if group.desired + len(ids) > group.facts["MaxSize"]:
            raise invalid(
                f"AutoScalingGroup {group.name} has min-size={group.facts['MinSize']}, "
                f"max-size={group.facts['MaxSize']}, and desired-size={group.desired}. To attach "
                f"{len(ids)} more instances, please update the AutoScalingGroup sizes "
                "appropriately."
            )
        before = group.desired
        for at, instance in enumerate(instances, 1):
            member = Member(
                instance=instance,
                source=_source_of(self.ec2.tags_of(str(instance.id)), self._template_name),
                protected=bool(group.facts.get("NewInstancesProtectedFromScaleIn")),
            )
            self.ec2.tags[member.id][ASG_NAME_TAG] = group.name
            self.take_in(group, member)
            self.come_back(
                group,
                member,
                f"Attaching an existing EC2 instance: {member.id}",
                "an instance was attached in response to a user request, increasing the "
                f"capacity from {before + at - 1} to {before + at}.",
            )
        group.desired = before + len(ids)
        self._done(group, [])

    def _attachable(self, group: Group, instance_id: str) -> SandboxInstance:
        instance = self.instance(instance_id)
        if instance is None:
            raise invalid(f"Invalid Instance ID(s): [{instance_id}] specified")
        if instance.state != "running":
            raise invalid(
                f"Instance {instance_id} [{instance.state}] is not in correct state. "
                "Instance(s) must be in 'running' state."
            )
        for other in self.groups.values():
            if instance_id in other.members:
                raise invalid(
                    f"Instance {instance_id} is already part of AutoScalingGroup:{other.name}"
                )
        self._check_fits(group, instance)
        return instance

    def _check_fits(self, group: Group, instance: SandboxInstance) -> None:
        instance_id = instance.id
        if instance.availability_zone not in group.zones:
            raise invalid(
                f"The availability zone {instance.availability_zone} of instance {instance_id} is "
                f"not part of the Auto Scaling group: {', '.join(group.zones)}"
            )
        if self.ec2.find_image(instance.image_id) is None:
            raise invalid(f"The image {instance.image_id} of {instance_id} does not exist.")
        for arn in group.targets:
            balancer = self.balancers.target_groups.get(arn)
            if balancer is not None and balancer.vpc_id != instance.vpc_id:
                raise invalid(f"Instance {instance_id} is not in the VPC of {arn}.")

    def _template_name(self, template_id: str) -> str:
        template = self.ec2.launch_templates.get(template_id)
        return template.name if template else ""

    def terminate_member(self, asked: Mapping[str, Any]) -> list[Document]:
        """Terminated whatever protects it from scale-in; with the decrement nothing follows."""
        ids = asked.get("InstanceIds") or [asked.get("InstanceId")]
        if asked.get("InstanceIds") and not asked.get("AutoScalingGroupName"):
            raise invalid("AutoScalingGroupName is required when using InstanceIds.")
        pairs = [self._member(each) for each in ids]
        for group, member in pairs:
            if member.state.startswith("Terminating"):
                raise invalid(f"Instance {member.id} is already being terminated.")
            if asked["ShouldDecrementDesiredCapacity"] and group.desired <= group.facts["MinSize"]:
                raise invalid(
                    f"Currently, desiredSize equals minSize ({group.facts['MinSize']}). "
                    "Terminating instance without replacement will violate group's min size "
                    "constraint. Either set shouldDecrementDesiredCapacity flag to false or lower "
                    "group's min size."
                )
        found = []
        for group, member in pairs:
            cause = f"instance {member.id} was taken out of service in response to a user request"
            if asked["ShouldDecrementDesiredCapacity"]:
                cause += _shrinking(group, 1)
                group.desired -= member.weight
            else:
                cause += "."
            self.terminate(group, member, cause)
            found.append(activity_document(self.activities[-1]))
            self.soon(group)
        self.settle()
        return found

    def set_health(self, asked: Mapping[str, Any]) -> None:
        """A custom health check's word; within the grace period only if told so."""
        status = asked["HealthStatus"]
        if status not in ("Healthy", "Unhealthy"):
            raise invalid("Valid instance health states are: [Healthy, Unhealthy]")
        group, member = self._member(asked["InstanceId"])
        if status == "Unhealthy" and member.state not in ("InService", "Standby"):
            raise invalid(f"Instance {member.id} is not in service.")
        respects = asked.get("ShouldRespectGracePeriod") is not False
        if status == "Unhealthy" and respects and self.is_in_grace(group, member):
            return
        member.healthy = status == "Healthy"
        self.soon(group)
        self.settle()

    def protect(self, asked: Mapping[str, Any]) -> None:
        """Protect from scale-in, or no longer."""
        group = self.group(asked["AutoScalingGroupName"])
        ids = asked.get("InstanceIds") or []
        if len(ids) > MOST_PROTECTED_AT_ONCE:
            raise too_many(f"At most {MOST_PROTECTED_AT_ONCE} instance IDs.")
        for member in [_of(group, each) for each in ids]:
            member.protected = bool(asked["ProtectedFromScaleIn"])

    def _member(self, instance_id: str | None) -> tuple[Group, Member]:
        for group in self.groups.values():
            if instance_id in group.members:
                return group, group.members[str(instance_id)]
        raise invalid(
            f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
        )

    def _chosen(
        self, asked: Mapping[str, Any], states: Sequence[str]
    ) -> tuple[Group, list[Member]]:
        group = self.group(asked["AutoScalingGroupName"])
        ids = list(dict.fromkeys(asked.get("InstanceIds") or []))
        _check_number(ids)
        members = [_of(group, each) for each in ids]
        for member in members:
            if member.state not in states:
                raise invalid(
                    f"The instance {member.id} is not in {' or '.join(states)}: it is "
                    f"{member.state}."
                )
        return group, members

    def _less(
        self, group: Group, members: Sequence[Member], asked: Mapping[str, Any], what: str
    ) -> int:
        """By how much the desired capacity shrinks; not below the minimum."""
        if not asked["ShouldDecrementDesiredCapacity"]:
            return 0
        less = sum(each.weight for each in members)
        if group.desired - less < group.facts["MinSize"]:
            raise invalid(
                f"AutoScalingGroup {group.name} has min-size={group.facts['MinSize']}, "
                f"max-size={group.facts['MaxSize']}, and desired-size={group.desired}. {what} "
                f"{len(members)} instance, please update the AutoScalingGroup sizes appropriately."
            )
        return less

    def _done(self, group: Group, found: list[Document]) -> list[Document]:
        self.soon(group)
        self.settle()
        return found


def _of(group: Group, instance_id: str) -> Member:
    member = group.members.get(instance_id)
    if member is None:
        raise invalid(f"The instance {instance_id} is not part of Auto Scaling group {group.name}.")
    return member


def _check_number(ids: Sequence[str]) -> None:
    if not ids:
        raise invalid("At least one instance ID is required.")
    if len(ids) > MOST_AT_ONCE:
        raise invalid(f"At most {MOST_AT_ONCE} instance IDs can be specified.")


def _shrinking(group: Group, at: int) -> str:
    before = group.desired - at + 1
    return f", shrinking the capacity from {before} to {before - 1}."


def _source_of(tags: Mapping[str, str], name_of: Callable[[str], str]) -> Source:
    """What an attached instance was launched with, by the tags that EC2 gave it."""
    template_id = tags.get("aws:ec2launchtemplate:id")
    if not template_id:
        return Source()
    return Source(
        template={
            "LaunchTemplateId": template_id,
            "LaunchTemplateName": name_of(template_id),
            "Version": tags.get("aws:ec2launchtemplate:version", "1"),
        }
    )
