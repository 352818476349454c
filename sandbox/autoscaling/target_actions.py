"""Target groups and traffic sources of groups, and instance refreshes, on the wire.

Sources: EC2 Auto Scaling API, AttachLoadBalancerTargetGroups, AttachTrafficSources,
DescribeTrafficSources (50 a page), StartInstanceRefresh and its relatives; botocore's model.
Classic Load Balancers are only remembered.
"""

from moto.core.responses import ActionResult, EmptyResult
from typing_extensions import override

from sandbox.autoscaling.calls import AutoScalingCalls
from sandbox.autoscaling.errors import invalid
from sandbox.autoscaling.model import Group
from sandbox.autoscaling.pages import page

MOST_AT_ONCE = 10


class TargetActions(AutoScalingCalls):
    """What a caller may do with the load balancing of a group."""

    @override
    def attach_load_balancer_target_groups(self) -> ActionResult:
        """AttachLoadBalancerTargetGroups."""
        self._add(self.asked.get("TargetGroupARNs") or [])
        return EmptyResult()

    @override
    def detach_load_balancer_target_groups(self) -> ActionResult:
        """DetachLoadBalancerTargetGroups."""
        self.rules.remove_targets(self._group, self.asked.get("TargetGroupARNs") or [])
        return EmptyResult()

    @override
    def describe_load_balancer_target_groups(self) -> ActionResult:
        """With the state of each."""
        shown, token = page(self.rules.target_states(self._group), self.asked, default=100)
        return ActionResult({"LoadBalancerTargetGroups": shown, "NextToken": token})

    def attach_traffic_sources(self) -> ActionResult:
        """Target groups; other types are not kept."""
        self._add(self._sources())
        return EmptyResult()

    def detach_traffic_sources(self) -> ActionResult:
        """The target groups among them."""
        self.rules.remove_targets(self._group, self._sources())
        return EmptyResult()

    def describe_traffic_sources(self) -> ActionResult:
        """All, or those of one type."""
        kind = self.asked.get("TrafficSourceType") or "elbv2"
        found = [
            {
                "TrafficSource": each["LoadBalancerTargetGroupARN"],
                "Identifier": each["LoadBalancerTargetGroupARN"],
                "State": each["State"],
                "Type": "elbv2",
            }
            for each in self.rules.target_states(self._group)
            if kind == "elbv2"
        ]
        shown, token = page(found, self.asked, most=50)
        return ActionResult({"TrafficSources": shown, "NextToken": token})

    @override
    def attach_load_balancers(self) -> ActionResult:
        """AttachLoadBalancers."""
        names = self._group.facts["LoadBalancerNames"]
        given = self.asked.get("LoadBalancerNames") or []
        names += [each for each in given if each not in names]
        return EmptyResult()

    @override
    def detach_load_balancers(self) -> ActionResult:
        """DetachLoadBalancers."""
        given = self.asked.get("LoadBalancerNames") or []
        names = self._group.facts["LoadBalancerNames"]
        self._group.facts["LoadBalancerNames"] = [each for each in names if each not in given]
        return EmptyResult()

    @override
    def describe_load_balancers(self) -> ActionResult:
        """DescribeLoadBalancers."""
        found = [
            {"LoadBalancerName": each, "State": "Added"}
            for each in self._group.facts["LoadBalancerNames"]
        ]
        return ActionResult({"LoadBalancers": found})

    def _add(self, arns: list[str]) -> None:
        if len(arns) > MOST_AT_ONCE:
            raise invalid(f"At most {MOST_AT_ONCE} target groups can be specified.")
        self.rules.add_targets(self._group, arns)
        self.rules.soon(self._group)
        self.rules.settle()

    def _sources(self) -> list[str]:
        given = self.asked.get("TrafficSources") or []
        others = [each for each in given if (each.get("Type") or "elbv2") != "elbv2"]
        if others:
            raise invalid(f"Traffic sources of type {others[0]['Type']} are not supported here.")
        return [each["Identifier"] for each in given]

    @property
    def _group(self) -> Group:
        return self.rules.group(self.asked["AutoScalingGroupName"])


class RefreshActions(AutoScalingCalls):
    """What a caller may do with instance refreshes."""

    def start_instance_refresh(self) -> ActionResult:
        """StartInstanceRefresh."""
        return ActionResult({"InstanceRefreshId": self.rules.start_refresh(self.asked)})

    def cancel_instance_refresh(self) -> ActionResult:
        """CancelInstanceRefresh."""
        found = self.rules.cancel_refresh(self.asked)
        self.rules.settle()
        return ActionResult({"InstanceRefreshId": found})

    def rollback_instance_refresh(self) -> ActionResult:
        """RollbackInstanceRefresh."""
        found = self.rules.take_back(self.asked)
        self.rules.settle()
        return ActionResult({"InstanceRefreshId": found})

    def describe_instance_refreshes(self) -> ActionResult:
        """DescribeInstanceRefreshes."""
        shown, token = page(self.rules.list_refreshes(self.asked), self.asked)
        return ActionResult({"InstanceRefreshes": shown, "NextToken": token})
