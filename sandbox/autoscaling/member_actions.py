"""Members, hooks, activities and processes on the wire.

Sources: botocore's model of each operation; Auto Scaling User Guide, "Types of processes"
and "How suspended processes affect other processes".
"""

from moto.core.responses import ActionResult, EmptyResult
from typing_extensions import override

from sandbox.autoscaling.calls import AutoScalingCalls
from sandbox.autoscaling.errors import invalid
from sandbox.autoscaling.hooks import hook_document
from sandbox.autoscaling.model import LAUNCHING, TERMINATING
from sandbox.autoscaling.pages import page
from sandbox.autoscaling.victims import KNOWN
from sandbox.clock import clock, stamp

PROCESSES = (
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
)


class MemberActions(AutoScalingCalls):
    """What a caller may do with members."""

    @override
    def enter_standby(self) -> ActionResult:
        """EnterStandby."""
        return ActionResult({"Activities": self.rules.enter_standby(self.asked)})

    @override
    def exit_standby(self) -> ActionResult:
        """ExitStandby."""
        return ActionResult({"Activities": self.rules.exit_standby(self.asked)})

    @override
    def attach_instances(self) -> ActionResult:
        """AttachInstances."""
        self.rules.attach(self.asked)
        return EmptyResult()

    @override
    def detach_instances(self) -> ActionResult:
        """DetachInstances."""
        return ActionResult({"Activities": self.rules.detach(self.asked)})

    @override
    def terminate_instance_in_auto_scaling_group(self) -> ActionResult:
        """One as ``Activity``, several as ``Activities``."""
        asked = self.asked
        found = self.rules.terminate_member(asked)
        return ActionResult(
            {"Activities": found} if asked.get("InstanceIds") else {"Activity": found[0]}
        )

    @override
    def set_instance_health(self) -> ActionResult:
        """SetInstanceHealth."""
        self.rules.set_health(self.asked)
        return EmptyResult()

    @override
    def set_instance_protection(self) -> ActionResult:
        """SetInstanceProtection."""
        self.rules.protect(self.asked)
        return EmptyResult()

    @override
    def describe_scaling_activities(self) -> ActionResult:
        """DescribeScalingActivities, 100 a page."""
        asked = self.asked
        if asked.get("AutoScalingGroupName") and not asked.get("IncludeDeletedGroups"):
            self.rules.group(asked["AutoScalingGroupName"])
        shown, token = page(self.rules.list_activities(asked), asked, default=100)
        return ActionResult({"Activities": shown, "NextToken": token})


class HookActions(AutoScalingCalls):
    """What a caller may do with lifecycle hooks."""

    @override
    def put_lifecycle_hook(self) -> ActionResult:
        """PutLifecycleHook."""
        asked = self.asked
        self.rules.put_hook(self.rules.group(asked["AutoScalingGroupName"]), asked)
        return EmptyResult()

    @override
    def describe_lifecycle_hooks(self) -> ActionResult:
        """All of the group, or those named."""
        group = self.rules.group(self.asked["AutoScalingGroupName"])
        names = self.asked.get("LifecycleHookNames") or []
        found = [
            hook_document(group, each)
            for each in group.hooks.values()
            if not names or each.name in names
        ]
        return ActionResult({"LifecycleHooks": found})

    @override
    def delete_lifecycle_hook(self) -> ActionResult:
        """DeleteLifecycleHook."""
        group = self.rules.group(self.asked["AutoScalingGroupName"])
        self.rules.drop_hook(group, self.asked["LifecycleHookName"])
        self.rules.settle()
        return EmptyResult()

    def complete_lifecycle_action(self) -> ActionResult:
        """CompleteLifecycleAction."""
        self.rules.complete(self.asked)
        self.rules.settle()
        return EmptyResult()

    def record_lifecycle_action_heartbeat(self) -> ActionResult:
        """RecordLifecycleActionHeartbeat."""
        self.rules.heartbeat(self.asked)
        return EmptyResult()

    def describe_lifecycle_hook_types(self) -> ActionResult:
        """The two transitions."""
        return ActionResult({"LifecycleHookTypes": [LAUNCHING, TERMINATING]})


class ProcessActions(AutoScalingCalls):
    """What a caller may do with the processes of a group."""

    @override
    def suspend_processes(self) -> ActionResult:
        """Those named, or all of them."""
        group = self.rules.group(self.asked["AutoScalingGroupName"])
        for name in self._processes():
            group.suspended.setdefault(name, f"User suspended at {stamp(clock.now())}")
        return EmptyResult()

    @override
    def resume_processes(self) -> ActionResult:
        """Those named, or all of them; what waited for it happens now."""
        group = self.rules.group(self.asked["AutoScalingGroupName"])
        for name in self._processes():
            group.suspended.pop(name, None)
        self.rules.soon(group)
        self.rules.settle()
        return EmptyResult()

    def describe_scaling_process_types(self) -> ActionResult:
        """What can be suspended."""
        return ActionResult({"Processes": [{"ProcessName": each} for each in PROCESSES]})

    def describe_termination_policy_types(self) -> ActionResult:
        """The known policies."""
        return ActionResult({"TerminationPolicyTypes": sorted(KNOWN)})

    def _processes(self) -> list[str]:
        given = self.asked.get("ScalingProcesses") or list(PROCESSES)
        for name in given:
            if name not in PROCESSES:
                raise invalid(f"Invalid scaling process: {name}")
        return list(given)
