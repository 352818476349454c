"""A group keeps itself: it replaces what is unhealthy and holds its desired capacity.

Sources: Auto Scaling User Guide, "How Amazon EC2 Auto Scaling minimizes downtime" (one that
does not run is replaced at once, others 10 per cent or one at a time), "How suspended
processes affect other processes", "Configure termination policies".
"""

from datetime import timedelta
from math import floor

from typing_extensions import override

from sandbox.autoscaling.health_checks import GONE, TOLD
from sandbox.autoscaling.model import Group, Member
from sandbox.autoscaling.refreshes import RefreshRules
from sandbox.autoscaling.victims import first_victim
from sandbox.clock import clock, stamp

LOOKS_EVERY = timedelta(seconds=30)
RESTS_FOR = timedelta(minutes=10)
RESTS_AT_MOST = timedelta(hours=6)
"""A group in which nothing is going on is told of whatever changes, and looks seldom."""
YOUNG = timedelta(minutes=1)
AT_ONCE = frozenset({GONE, TOLD})


class ScalingRules(RefreshRules):
    """What a group does by itself whenever it looks at itself."""

    @override
    def tend(self, group: Group) -> None:
        """Check health, replace, carry a refresh on, launch or terminate; look again later."""
        if self.groups.get(group.name) is not group:
            return
        group.tick += 1
        if group.deleting:
            self._finish_deleting(group)
            return
        self._replace_unhealthy(group)
        self._replace_old(group)
        self.carry_on(group)
        self._scale_out(group)
        self._scale_in(group)
        group.asked = ""
        if group.members or group.desired:
            self._look_again(group)

    def _look_again(self, group: Group) -> None:
        tick = group.tick

        def look(_: object) -> None:
            if group.tick == tick:
                self.tend(group)

        if self._is_busy(group):
            group.rests, pause = 0, LOOKS_EVERY
        else:
            pause = min(RESTS_AT_MOST, RESTS_FOR * 2**group.rests)
            group.rests = min(group.rests + 1, 6)
        self.ec2.timeline.at(clock.now() + pause, look)

    def _is_busy(self, group: Group) -> bool:
        """Whether anything may change without anybody telling the group."""
        if group.refresh is not None or group.capacity != group.desired:
            return True
        return any(not self._is_steady(group, each) for each in group.members.values())

    def _is_steady(self, group: Group, member: Member) -> bool:
        if member.state == "Standby":
            return True
        if member.state != "InService" or not member.healthy or member.impaired_since:
            return False
        return member.since is not None and clock.now() > YOUNG + max(
            member.since + group.seconds("HealthCheckGracePeriod"), member.instance.checked_from
        )

    def look_everywhere(self) -> None:
        """The health of something has changed, or is about to."""
        self.ec2.settle()
        for group in self.groups.values():
            self.soon(group)
        self.ec2.settle()

    def _finish_deleting(self, group: Group) -> None:
        if not group.members:
            del self.groups[group.name]
            for activity in self.activities:
                activity.group_is_gone |= activity.arn == group.arn

    def _replace_unhealthy(self, group: Group) -> None:
        causes = self.check_health(group)
        if not (causes and group.does("ReplaceUnhealthy", "Terminate")):
            return
        at_a_time = max(1, floor(group.desired / 10))
        under_way = [each for each in group.members.values() if each.state.startswith("Pend")]
        room = at_a_time - len(under_way)
        for instance_id, cause in causes.items():
            member = group.members[instance_id]
            if cause not in AT_ONCE:
                if room <= 0:
                    continue
                room -= 1
            self._note_trouble(group, member, cause)
            group.to_replace += 1
            said = f"an instance was taken out of service in response to an {cause}"
            self.terminate(group, member, said.replace("an user", "a user"))

    def _note_trouble(self, group: Group, member: Member, cause: str) -> None:
        """A replacement that an instance refresh has made does not last."""
        refresh = group.refresh
        if refresh is not None and member.id not in refresh.known:
            refresh.stick(clock.now(), f"{member.id} did not pass its health checks: {cause}")

    def _replace_old(self, group: Group) -> None:
        """``MaxInstanceLifetime``, one at a time."""
        lifetime = group.seconds("MaxInstanceLifetime")
        if not lifetime or not group.does("Terminate", "Launch") or group.capacity < group.desired:
            return
        for member in group.members.values():
            due = member.instance.launch_time + lifetime
            if due > clock.now():
                self.wake(group, due)
            elif member.is_serving:
                cause = "an instance was taken out of service in response to its maximum lifetime."
                self.terminate(group, member, cause)
                return

    def _scale_out(self, group: Group) -> None:
        goal = group.desired + self.surge(group)
        if not group.does("Launch") or (group.retry_at and clock.now() < group.retry_at):
            return
        while group.capacity < goal:
            if not self.launch(group, self._why_launch(group, goal)):
                return
            group.to_replace = max(0, group.to_replace - 1)

    def _why_launch(self, group: Group, goal: int) -> str:
        if group.to_replace:
            return (
                "an instance was launched in response to an unhealthy instance needing to be "
                "replaced."
            )
        return self._difference(
            group,
            f"was started in response to a difference between desired and actual "
            f"capacity, increasing the capacity from {group.capacity} to {goal}.",
        )

    def _difference(self, group: Group, what: str) -> str:
        now = stamp(clock.now())
        return (
            f"{group.asked}  At {now} an instance {what}" if group.asked else f"an instance {what}"
        )

    def _scale_in(self, group: Group) -> None:
        goal = group.desired + self.surge(group)
        while group.does("Terminate") and group.capacity > goal:
            fitting = [
                each
                for each in group.members.values()
                if each.is_counted and not each.protected and group.capacity - each.weight >= goal
            ]
            if not fitting:
                return
            member = first_victim(fitting, group.facts["TerminationPolicies"])
            cause = self._difference(
                group,
                "was taken out of service in response to a difference between desired and actual "
                f"capacity, shrinking the capacity from {group.capacity} to "
                f"{group.capacity - member.weight}.",
            )
            selected = (
                f"  At {stamp(clock.now())} instance {member.id} was selected for termination."
            )
            self.terminate(group, member, cause + selected)
