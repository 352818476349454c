"""Starting, cancelling and taking back instance refreshes.

Sources: EC2 Auto Scaling API, StartInstanceRefresh, CancelInstanceRefresh,
RollbackInstanceRefresh, DescribeInstanceRefreshes; Auto Scaling User Guide, "Use an instance
refresh with skip matching".
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from moto.autoscaling.exceptions import AutoscalingClientError

from sandbox.autoscaling.errors import invalid
from sandbox.autoscaling.model import Document, Group, Member
from sandbox.autoscaling.refresh_checks import RefreshCheckRules, full_preferences
from sandbox.autoscaling.refresh_model import Refresh
from sandbox.autoscaling.sources import overrides_of, template_specs
from sandbox.clock import clock

BEGINS_AFTER = timedelta(seconds=1)
REMEMBERED = timedelta(weeks=6)
NONE_ACTIVE = "No in progress or pending Instance Refresh found for Auto Scaling group "
UNREPLACED = frozenset({"Ignore"})


class RefreshRequestRules(RefreshCheckRules):
    """What a caller may do with refreshes."""

    def start_refresh(self, asked: Mapping[str, Any]) -> str:
        """One at a time a group (``InstanceRefreshInProgress``); answers its id."""
        group = self.group(asked["AutoScalingGroupName"])
        if group.deleting:
            raise invalid(f"The Auto Scaling group {group.name} is pending delete.")
        if group.refresh is not None:
            raise AutoscalingClientError(
                "InstanceRefreshInProgress",
                "An Instance Refresh is already in progress and blocks the execution of this "
                "Instance Refresh.",
            )
        preferences = full_preferences(group, asked.get("Preferences") or {})
        desired = self.check_refresh(group, asked)
        refresh = Refresh(
            id=str(uuid4()),
            group=group.name,
            strategy=asked.get("Strategy") or "Rolling",
            preferences=preferences,
            desired=desired,
            asked_at=clock.now(),
        )
        refresh.known = frozenset(group.members)
        chosen = [each for each in group.members.values() if self._is_target(group, each, refresh)]
        chosen.sort(key=lambda each: each.instance.launch_time)
        refresh.targets = [each.id for each in chosen]
        refresh.total = len(chosen)
        group.refreshes.append(refresh)
        self.wake(group, clock.now() + BEGINS_AFTER)
        return refresh.id

    def _is_target(self, group: Group, member: Member, refresh: Refresh) -> bool:
        preferences = refresh.preferences
        if member.state == "Standby" and preferences["StandbyInstances"] in UNREPLACED:
            return False
        if member.protected and preferences["ScaleInProtectedInstances"] in UNREPLACED:
            return False
        if member.state.startswith(("Terminating", "Detach")):
            return False
        config = refresh.desired or group.config
        return not (preferences["SkipMatching"] and self._matches(member, config))

    def _matches(self, member: Member, config: Mapping[str, Any]) -> bool:
        """Whether the member was launched with this template version and type."""
        if config.get("LaunchConfigurationName"):
            return bool(member.source.configuration == config["LaunchConfigurationName"])
        if member.source.template is None:
            return False
        overrides = overrides_of(config)
        types = {each.get("InstanceType") for each in overrides} - {None}
        if types and member.instance.instance_type not in types:
            return False
        wanted = [self.template_of(each) for each in template_specs(config)]
        mine = member.source.template
        return any(
            each.template.id == mine["LaunchTemplateId"] and str(each.number) == mine["Version"]
            for each in wanted
        )

    def cancel_refresh(self, asked: Mapping[str, Any]) -> str:
        """``Cancelling``, then ``Cancelled``: nothing is taken back."""
        group = self.group(asked["AutoScalingGroupName"])
        refresh = _active(group)
        refresh.status = "Cancelling"
        refresh.reason = "Cancelled due to user request."
        refresh.waits_for_all = asked.get("WaitForTransitioningInstances") is not False
        refresh.surge = 0
        self.wake(group, clock.now() + (BEGINS_AFTER if refresh.waits_for_all else timedelta(0)))
        return refresh.id

    def take_back(self, asked: Mapping[str, Any]) -> str:
        """Roll the refresh back that is in progress, if that is possible."""
        group = self.group(asked["AutoScalingGroupName"])
        refresh = _active(group)
        reason = self.why_irreversible(group, refresh.desired)
        if reason or refresh.rollback is not None:
            raise AutoscalingClientError(
                "IrreversibleInstanceRefresh",
                reason or "The instance refresh is being rolled back.",
            )
        refresh.start = refresh.start or clock.now()
        self.roll_back(group, refresh, "Manual rollback was initiated by a user request.")
        return refresh.id

    def list_refreshes(self, asked: Mapping[str, Any]) -> list[Document]:
        """Those of the last six weeks, the newest first."""
        group = self.group(asked["AutoScalingGroupName"])
        ids = asked.get("InstanceRefreshIds") or []
        return [
            each.document()
            for each in reversed(group.refreshes)
            if (not ids or each.id in ids) and each.asked_at > clock.now() - REMEMBERED
        ]


def _active(group: Group) -> Refresh:
    refresh = group.refresh
    if refresh is None or refresh.status == "Cancelling":
        raise AutoscalingClientError("ActiveInstanceRefreshNotFound", f"{NONE_ACTIVE}{group.name}")
    return refresh
