"""Instance refreshes as they go on: replace, warm up, pause, bake, fail, roll back.

Sources: Auto Scaling User Guide, "How an instance refresh works" (healthy percentages, the
one-hour timeout), "Add checkpoints to an instance refresh", "Undo changes with a rollback",
"Cancel an instance refresh"; botocore's model, ``RefreshPreferences`` ("When
MaxHealthyPercentage is omitted, Auto Scaling terminates an instance and launches its
replacement simultaneously"), ``InstanceRefreshStatus``. How many are replaced at once within
both bounds is [NV]: as many as they allow, and one if they allow none.
"""

from datetime import timedelta
from math import ceil, floor

from moto.cloudwatch.models import cloudwatch_backends

from sandbox.autoscaling.model import REPLACING, Group, Member
from sandbox.autoscaling.refresh_model import Refresh
from sandbox.autoscaling.root_refreshes import RootRefreshRules
from sandbox.clock import clock
from sandbox.ec2.status import CHECKED_AFTER

GIVES_UP_AFTER = timedelta(hours=1)
GOES_ON_FOR = timedelta(days=14)
CAUSE = "an instance was taken out of service in response to an instance refresh."
TOLD = "EC2 Auto Scaling Instance Refresh"


class RefreshRules(RootRefreshRules):
    """Refreshes under way, one a group at most."""

    def surge(self, group: Group) -> int:
        """How far above its desired capacity the group may be now."""
        refresh = group.refresh
        return refresh.surge if refresh is not None else 0

    def carry_on(self, group: Group) -> None:
        """Take the group's refresh as far as it can go now."""
        refresh = group.refresh
        if refresh is None:
            return
        if refresh.status == "Pending":
            self._begin(group, refresh)
        if refresh.status == "Cancelling":
            self._finish_cancelling(group, refresh)
        elif refresh.status == "Baking":
            self._bake(group, refresh)
        elif group.does("InstanceRefresh", "Launch", "Terminate"):
            self._replace(group, refresh)

    def _begin(self, group: Group, refresh: Refresh) -> None:
        refresh.status, refresh.start = "InProgress", clock.now()
        self.tell_refresh(group, refresh, "Started")

    def _replace(self, group: Group, refresh: Refresh) -> None:
        self._measure(group, refresh)
        failure = self._failure(refresh)
        if failure is not None:
            self._fail(group, refresh, failure)
        elif refresh.resumes_at is not None and clock.now() < refresh.resumes_at:
            refresh.reason = "Waiting for the checkpoint delay to end before continuing."
        elif self._left(refresh) > 0:
            self._step(group, refresh)
        elif self._is_settled(group, refresh):
            self._succeed(group, refresh)
        else:
            refresh.surge = 0
            refresh.reason = "Waiting for instances to warm up before continuing."

    def _measure(self, group: Group, refresh: Refresh) -> None:
        """Count what is replaced and warm, and pass the checkpoints that this reaches."""
        warm = self._warm(group, refresh)
        done = min(refresh.total - len(refresh.targets), len(warm))
        if refresh.rollback is not None:
            whole = int(refresh.rollback["PercentageCompleteOnRollback"])
            refresh.percent = whole - floor(whole * done / max(1, refresh.total))
            return
        before, refresh.percent = refresh.percent, floor(100 * done / max(1, refresh.total))
        if refresh.percent > before:
            refresh.go_on()
        reached = [each for each in self._checkpoints(refresh) if each <= refresh.percent]
        if reached and reached[-1] > refresh.checkpoint:
            refresh.checkpoint = reached[-1]
            if reached[-1] < 100:
                self._pause(group, refresh)

    def _pause(self, group: Group, refresh: Refresh) -> None:
        delay = int(refresh.preferences["CheckpointDelay"])
        refresh.resumes_at = clock.now() + timedelta(seconds=delay)
        self.wake(group, refresh.resumes_at)
        self.tell_refresh(
            group,
            refresh,
            "Checkpoint Reached",
            CheckpointPercentage=str(refresh.checkpoint),
            CheckpointDelay=str(delay),
        )

    def _warm(self, group: Group, refresh: Refresh) -> list[Member]:
        """The members that it has brought and that are ready."""
        found = []
        for member in group.members.values():
            if member.id in refresh.known or not member.is_serving or member.since is None:
                continue
            ready = max(member.since + refresh.warmup, member.instance.checked_from + CHECKED_AFTER)
            if ready > clock.now():
                self.wake(group, ready)
            elif self.passes(group, member):
                found.append(member)
        return found

    def _ready(self, group: Group, refresh: Refresh) -> int:
        """The capacity that is in service, healthy and warm."""
        old = [
            each for each in group.members.values() if each.id in refresh.known and each.is_serving
        ]
        return sum(each.weight for each in (*old, *self._warm(group, refresh)))

    def _is_settled(self, group: Group, refresh: Refresh) -> bool:
        moving = any(each.state.startswith("Terminating") for each in group.members.values())
        return not moving and self._ready(group, refresh) >= group.desired

    def _checkpoints(self, refresh: Refresh) -> list[int]:
        if refresh.rollback is not None:
            return []
        found: list[int] = refresh.preferences.get("CheckpointPercentages") or []
        return found

    def _left(self, refresh: Refresh) -> int:
        """How many may still be replaced before the next checkpoint."""
        checkpoints = self._checkpoints(refresh)
        if not checkpoints:
            return len(refresh.targets)
        ahead = [each for each in checkpoints if each > refresh.checkpoint]
        if not ahead:
            return 0
        replaced = refresh.total - len(refresh.targets)
        return min(len(refresh.targets), ceil(refresh.total * ahead[0] / 100) - replaced)

    def _step(self, group: Group, refresh: Refresh) -> None:
        left = self._left(refresh)
        targets = self._replaceable(group, refresh)
        if not targets:
            if refresh.targets:
                self._wait(refresh, "Waiting for instances in Standby or protected from scale in.")
            return
        least = refresh.preferences["MinHealthyPercentage"]
        # who keeps the instances launches none besides
        most = None if refresh.keeps_instances else refresh.preferences["MaxHealthyPercentage"]
        spare = self._ready(group, refresh) - ceil(group.desired * least / 100)
        if most is None:
            whole = self._ready(group, refresh) >= group.desired
            room = max(spare, 1 if whole or not group.desired else 0)
        else:
            up = floor(group.desired * most / 100) - group.desired
            down = group.desired - ceil(group.desired * least / 100)
            refresh.surge = min(left, len(targets), up or (0 if down else 1))
            room = spare
        refresh.reason = "Waiting for instances to warm up before continuing."
        for member in targets[: max(0, min(room, left))]:
            refresh.targets.remove(member.id)
            refresh.go_on()
            if refresh.keeps_instances:
                self.replace_root_of(group, member, CAUSE)
            else:
                self.terminate(group, member, CAUSE)
        if refresh.surge:
            refresh.surge = min(refresh.surge, max(0, self._left(refresh)))

    def _replaceable(self, group: Group, refresh: Refresh) -> list[Member]:
        """The targets that may be replaced now; those that wait make the refresh wait."""
        found = []
        for instance_id in list(refresh.targets):
            member = group.members.get(instance_id)
            if member is None or member.state.startswith(("Terminating", "Detach")):
                refresh.targets.remove(instance_id)
            elif self._may_replace(member, refresh):
                found.append(member)
        return found

    def _may_replace(self, member: Member, refresh: Refresh) -> bool:
        if member.state == "Standby":
            return bool(refresh.preferences["StandbyInstances"] == "Terminate")
        if member.protected:
            return bool(refresh.preferences["ScaleInProtectedInstances"] == "Refresh")
        return member.is_counted

    def _wait(self, refresh: Refresh, reason: str) -> None:
        refresh.reason = reason
        refresh.stick(clock.now(), reason)

    def _failure(self, refresh: Refresh) -> str | None:
        """Why it cannot go on, if it cannot."""
        alarms = (refresh.preferences.get("AlarmSpecification") or {}).get("Alarms") or []
        known = cloudwatch_backends[self.account_id][self.region_name].alarms
        for name in alarms:
            if name in known and known[name].state_value == "ALARM" and refresh.rollback is None:
                return f"The CloudWatch alarm {name} is in the ALARM state."
        now = clock.now()
        if refresh.stuck_since is not None and now >= refresh.stuck_since + GIVES_UP_AFTER:
            return f"The instance refresh could not continue for one hour: {refresh.stuck_on}"
        if refresh.start is not None and now >= refresh.start + GOES_ON_FOR:
            return "The instance refresh did not finish within 14 days."
        return None

    def _fail(self, group: Group, refresh: Refresh, reason: str) -> None:
        if refresh.rollback is not None:
            self._end(group, refresh, "RollbackFailed", "Rollback Failed", reason)
        elif refresh.preferences["AutoRollback"]:
            self.roll_back(group, refresh, f"Automatic rollback was initiated: {reason}")
        else:
            self._end(group, refresh, "Failed", "Failed", reason)

    def roll_back(self, group: Group, refresh: Refresh, reason: str) -> None:
        """Replace what was replaced, with the configuration that the group still has."""
        refresh.rollback = {
            "RollbackReason": reason,
            "RollbackStartTime": clock.now(),
            "PercentageCompleteOnRollback": refresh.percent,
            "InstancesToUpdateOnRollback": len(refresh.targets),
        }
        fresh = [each for each in group.members.values() if each.id not in refresh.known]
        refresh.targets = [each.id for each in fresh if not each.state.startswith("Terminating")]
        refresh.total = len(refresh.targets)
        refresh.known = frozenset(group.members)
        refresh.status, refresh.reason = "RollbackInProgress", reason
        refresh.stuck_since = refresh.resumes_at = refresh.bakes_until = None
        refresh.surge = 0
        group.failures, group.retry_at = 0, None
        self.tell_refresh(group, refresh, "Rollback Started")
        for member in fresh:
            if member.state.startswith("Pending"):
                # what never served need not be kept until its successor does
                self.terminate(group, member, CAUSE)
        self.soon(group)

    def _succeed(self, group: Group, refresh: Refresh) -> None:
        bake = int(refresh.preferences.get("BakeTime") or 0)
        if refresh.rollback is not None:
            refresh.percent = 0
            self._end(group, refresh, "RollbackSuccessful", "Rollback Succeeded", None)
        elif bake:
            refresh.surge = 0
            refresh.status = "Baking"
            refresh.reason = "Waiting for the bake time to end."
            refresh.bakes_until = clock.now() + timedelta(seconds=bake)
            self.tell_refresh(group, refresh, "Started Baking")
            self.wake(group, refresh.bakes_until)
        else:
            self._complete(group, refresh)

    def _bake(self, group: Group, refresh: Refresh) -> None:
        failure = self._failure(refresh)
        if failure is not None:
            self._fail(group, refresh, failure)
        elif refresh.bakes_until is not None and clock.now() >= refresh.bakes_until:
            self._complete(group, refresh)

    def _complete(self, group: Group, refresh: Refresh) -> None:
        """The desired configuration becomes the group's own."""
        if refresh.desired:
            for name in group.config:
                del group.facts[name]
            group.facts.update(refresh.desired)
        if not self._checkpoints(refresh):
            refresh.percent = 100
        self._end(group, refresh, "Successful", "Succeeded", None)

    def _finish_cancelling(self, group: Group, refresh: Refresh) -> None:
        refresh.surge = 0
        moving = any(
            each.state.startswith(("Pending", "Terminating", REPLACING))
            for each in group.members.values()
        )
        if not moving or not refresh.waits_for_all:
            self._end(group, refresh, "Cancelled", "Cancelled", "Cancelled due to user request.")

    def _end(
        self, group: Group, refresh: Refresh, status: str, told: str, reason: str | None
    ) -> None:
        refresh.surge = 0
        refresh.status, refresh.reason, refresh.end = status, reason, clock.now()
        self.tell_refresh(group, refresh, told)

    def tell_refresh(self, group: Group, refresh: Refresh, what: str, **more: str) -> None:
        """One event of an instance refresh."""
        detail = {"InstanceRefreshId": refresh.id, "AutoScalingGroupName": group.name, **more}
        self.tell(f"{TOLD} {what}", group.arn, {**detail})
