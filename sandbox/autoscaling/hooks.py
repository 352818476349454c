"""Lifecycle hooks: members wait, somebody completes, or the time runs out.

Sources: Auto Scaling User Guide, "How lifecycle hooks work", "Complete a lifecycle action";
botocore's model, ``PutLifecycleHookType`` (30 to 7200 seconds, default 3600; ``ABANDON`` by
default), ``LifecycleHook.GlobalTimeout``; event reference, "Lifecycle action events".
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sandbox.autoscaling.errors import invalid, no_group, too_many
from sandbox.autoscaling.model import (
    LAUNCHING,
    REPLACING,
    TERMINATING,
    Document,
    Group,
    Hook,
    Member,
    Wait,
)
from sandbox.autoscaling.targets import TargetRules
from sandbox.clock import clock
from sandbox.masking import Json

MOST_HOOKS = 50
RESULTS = ("CONTINUE", "ABANDON")
TOLD_AS = {
    LAUNCHING: ("EC2 Instance-launch Lifecycle Action", "EC2", "AutoScalingGroup"),
    TERMINATING: ("EC2 Instance-terminate Lifecycle Action", "AutoScalingGroup", "EC2"),
}


class HookRules(TargetRules):
    """The hooks of groups, and the members that wait for them."""

    def group(self, name: str | None) -> Group:
        """The group of that name."""
        found = self.groups.get(name or "") or next(
            (each for each in self.groups.values() if each.arn == name), None
        )
        if found is None:
            raise no_group(name)
        return found

    def put_hook(self, group: Group, asked: Mapping[str, Any]) -> None:
        """Make or change a hook; what is not given stays as it was."""
        name = asked["LifecycleHookName"]
        known = group.hooks.get(name)
        transition = asked.get("LifecycleTransition") or (known.transition if known else None)
        if transition not in TOLD_AS:
            raise invalid(
                "Valid requests must contain the LifecycleTransition parameter: "
                f"one of {LAUNCHING}, {TERMINATING}."
            )
        if known is None and len(group.hooks) >= MOST_HOOKS:
            raise too_many(f"A group has at most {MOST_HOOKS} lifecycle hooks.")
        timeout = int(asked.get("HeartbeatTimeout") or (known.timeout if known else 3600))
        if not 30 <= timeout <= 7200:
            raise invalid("Heartbeat timeout must be between 30 and 7200 seconds.")
        result = asked.get("DefaultResult") or (known.result if known else "ABANDON")
        _check_result(result)
        group.hooks[name] = Hook(
            name=name,
            transition=transition,
            timeout=timeout,
            result=result,
            metadata=asked.get("NotificationMetadata", known.metadata if known else None),
            target=asked.get("NotificationTargetARN", known.target if known else None),
            role=asked.get("RoleARN", known.role if known else None),
        )

    def drop_hook(self, group: Group, name: str) -> None:
        """Its members proceed: deleting a hook completes what waits for it."""
        if group.hooks.pop(name, None) is None:
            raise invalid(f"No Lifecycle Hook found with name {name}")
        for member in list(group.members.values()):
            for wait in [each for each in member.waits if each.hook == name]:
                self._finish(group, member, wait, "CONTINUE")

    def pause(self, group: Group, member: Member, transition: str) -> bool:
        """Let the member wait for every hook of *transition*; answers whether there is one."""
        hooks = [each for each in group.hooks.values() if each.transition == transition]
        if not hooks:
            return False
        member.state += ":Wait"
        if member.activity is not None:
            member.activity.status = "MidLifecycleAction"
        now = clock.now()
        for hook in hooks:
            latest = now + timedelta(seconds=hook.global_timeout)
            wait = Wait(
                hook=hook.name,
                token=str(uuid4()),
                expires=min(now + hook.span, latest),
                at_the_latest=latest,
            )
            member.waits.append(wait)
            self._announce(group, member, hook, wait)
            self._expire(group, member, wait)
        return True

    def _announce(self, group: Group, member: Member, hook: Hook, wait: Wait) -> None:
        name, origin, destination = TOLD_AS[hook.transition]
        detail: dict[str, Json] = {
            "LifecycleActionToken": wait.token,
            "AutoScalingGroupName": group.name,
            "LifecycleHookName": hook.name,
            "EC2InstanceId": member.id,
            "LifecycleTransition": hook.transition,
            "Origin": origin,
            "Destination": destination,
        }
        if member.state.startswith(REPLACING):
            detail["Action"] = "ReplaceRootVolume"
        if hook.metadata:
            detail["NotificationMetadata"] = hook.metadata
        self.tell(name, group.arn, detail)

    def _expire(self, group: Group, member: Member, wait: Wait) -> None:
        def look(_: object) -> None:
            if wait not in member.waits:
                return
            if wait.expires > clock.now():
                self._expire(group, member, wait)
                return
            hook = group.hooks.get(wait.hook)
            self._finish(group, member, wait, hook.result if hook else "CONTINUE")

        self.ec2.timeline.at(wait.expires, look)

    def complete(self, asked: Mapping[str, Any]) -> None:
        """CompleteLifecycleAction, by token or by instance."""
        result = asked["LifecycleActionResult"]
        _check_result(result)
        group, member, wait = self._waiting(asked)
        self._finish(group, member, wait, result)

    def heartbeat(self, asked: Mapping[str, Any]) -> None:
        """Start the timeout anew, up to the global one."""
        group, _, wait = self._waiting(asked)
        span = group.hooks[wait.hook].span
        wait.expires = min(clock.now() + span, wait.at_the_latest)

    def _waiting(self, asked: Mapping[str, Any]) -> tuple[Group, Member, Wait]:
        group = self.group(asked["AutoScalingGroupName"])
        name = asked["LifecycleHookName"]
        if name not in group.hooks:
            raise invalid(f"No Lifecycle Hook found with name {name}")
        token, instance_id = asked.get("LifecycleActionToken"), asked.get("InstanceId")
        if not (token or instance_id):
            raise invalid("Either LifecycleActionToken or InstanceId must be given.")
        for member in group.members.values():
            for wait in member.waits:
                if wait.hook == name and (
                    wait.token == token if token else member.id == instance_id
                ):
                    return group, member, wait
        which = f"token {token}" if token else f"instance ID {instance_id}"
        raise invalid(f"No active Lifecycle Action found with {which}")

    def _finish(self, group: Group, member: Member, wait: Wait, result: str) -> None:
        member.waits.remove(wait)
        if result == "ABANDON":
            # the remaining hooks are not waited for
            member.waits.clear()
        if not member.waits:
            self.waited(group, member, wait, abandoned=result == "ABANDON")

    def waited(self, group: Group, member: Member, wait: Wait, *, abandoned: bool) -> None:
        """The member need not wait any longer."""
        raise NotImplementedError


def hook_document(group: Group, hook: Hook) -> Document:
    """``LifecycleHook`` of the model."""
    return {
        "LifecycleHookName": hook.name,
        "AutoScalingGroupName": group.name,
        "LifecycleTransition": hook.transition,
        "NotificationTargetARN": hook.target,
        "RoleARN": hook.role,
        "NotificationMetadata": hook.metadata,
        "HeartbeatTimeout": hook.timeout,
        "GlobalTimeout": hook.global_timeout,
        "DefaultResult": hook.result,
    }


def _check_result(result: str) -> None:
    if result not in RESULTS:
        raise invalid(f"Lifecycle action result must be one of {', '.join(RESULTS)}: {result}")
