"""Scaling activities: what a group did, why and how it ended, and the events of it.

Sources: botocore's model, ``Activity``; Auto Scaling User Guide, "Amazon EC2 Auto Scaling
event reference" (detail types and members) and "Verify a scaling activity".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from moto.autoscaling.models import AutoScalingBackend

from sandbox.autoscaling.errors import invalid
from sandbox.autoscaling.model import Activity, Document, Group, Member
from sandbox.clock import clock, stamp
from sandbox.ec2.launches import LaunchRules
from sandbox.ec2.wire import aware
from sandbox.events import events
from sandbox.masking import Json

REMEMBERED = timedelta(weeks=6)
RUNNING = frozenset(
    {"InProgress", "PreInService", "MidLifecycleAction", "WaitingForELBConnectionDraining"}
)
LAUNCH = ("EC2 Instance Launch", "EC2", "AutoScalingGroup")
TERMINATE = ("EC2 Instance Terminate", "AutoScalingGroup", "EC2")
DETACH = ("EC2 Instance Detach", "AutoScalingGroup", "EC2")


class ActivityRules(AutoScalingBackend):
    """The record of what groups of one account and region did."""

    @property
    def ec2(self) -> LaunchRules:
        """EC2 of this account and region, with its own rules."""
        backend: Any = self.ec2_backend
        found: LaunchRules = backend
        return found

    @property
    def groups(self) -> dict[str, Group]:
        """Every group, by name."""
        found: dict[str, Group] = self.__dict__.setdefault("_groups", {})
        return found

    @property
    def activities(self) -> list[Activity]:
        """Every activity, oldest first, those of deleted groups included."""
        found: list[Activity] = self.__dict__.setdefault("_activities", [])
        return found

    def begin(
        self,
        group: Group,
        description: str,
        cause: str,
        member: Member | None = None,
        *,
        status: str = "InProgress",
        progress: int = 0,
    ) -> Activity:
        """An activity that starts now, of one member if there is one yet."""
        now = clock.now()
        activity = Activity(
            id=str(uuid4()),
            group=group.name,
            arn=group.arn,
            description=description,
            cause=f"At {stamp(now)} {cause}",
            start=now,
            status=status,
            progress=progress,
        )
        if member is not None:
            activity.instance_id = member.id
            activity.details = where(member.instance.subnet_id, member.instance.availability_zone)
            member.activity = activity
        self.activities.append(activity)
        return activity

    def end(
        self,
        activity: Activity | None,
        status: str = "Successful",
        message: str = "",
        *,
        tell: tuple[str, str, str] | None = None,
    ) -> None:
        """The activity is over; *tell* names the kind of event that says so."""
        if activity is None or activity.end is not None:
            return
        activity.status = status
        activity.message = message
        activity.progress = 100
        activity.end = clock.now()
        if tell is not None:
            self._tell(activity, tell)

    def _tell(self, activity: Activity, kind: tuple[str, str, str]) -> None:
        name, origin, destination = kind
        succeeded = activity.status == "Successful"
        detail: dict[str, Json] = {
            "StatusCode": "InProgress" if succeeded else "Failed",
            "Description": activity.description,
            "AutoScalingGroupName": activity.group,
            "ActivityId": activity.id,
            "Details": dict(activity.details),
            "RequestId": activity.id,
            "StatusMessage": activity.message,
            "EndTime": stamp(activity.end or activity.start),
            "EC2InstanceId": activity.instance_id,
            "StartTime": stamp(activity.start),
            "Cause": activity.cause,
            "Origin": origin,
            "Destination": destination,
        }
        if not succeeded:
            del detail["Description"]
        outcome = "Successful" if succeeded else "Unsuccessful"
        self.tell(f"{name} {outcome}", activity.arn, detail, activity.instance_id)

    def tell(
        self, detail_type: str, group_arn: str, detail: dict[str, Json], instance_id: str = ""
    ) -> None:
        """Send one event of ``aws.autoscaling``."""
        resources = [group_arn]
        if instance_id:
            resources.append(
                f"arn:{self.partition}:ec2:{self.region_name}:{self.account_id}"
                f":instance/{instance_id}"
            )
        events.emit(
            detail_type,
            account=self.account_id,
            region=self.region_name,
            at=clock.now(),
            resources=resources,
            detail=detail,
            source="aws.autoscaling",
        )

    def list_activities(self, asked: Mapping[str, Any]) -> list[Document]:
        """What DescribeScalingActivities answers: in progress first, then the newest first."""
        ids, name = asked.get("ActivityIds") or [], asked.get("AutoScalingGroupName")
        found = [
            each
            for each in reversed(self.activities)
            if (not ids or each.id in ids)
            and (not name or each.group == name)
            and (bool(asked.get("IncludeDeletedGroups")) or not each.group_is_gone)
            and each.start > clock.now() - REMEMBERED
        ]
        for each in asked.get("Filters") or []:
            found = _filtered(found, each.get("Name"), each.get("Values") or [], named=bool(name))
        found.sort(key=lambda each: each.status not in RUNNING)
        return [activity_document(each) for each in found]


def activity_document(activity: Activity) -> Document:
    """It on the wire."""
    details = ",".join(f'"{key}":"{value}"' for key, value in activity.details.items())
    return {
        "ActivityId": activity.id,
        "AutoScalingGroupName": activity.group,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.start,
        "EndTime": activity.end,
        "StatusCode": activity.status,
        "StatusMessage": activity.message or None,
        "Progress": activity.progress,
        "Details": "{" + details + "}",
        "AutoScalingGroupState": "Deleted" if activity.group_is_gone else "InService",
        "AutoScalingGroupARN": activity.arn,
    }


def where(subnet_id: str | None, zone: str) -> Document:
    """``Details`` of an activity."""
    place = {"Availability Zone": zone}
    return {"Subnet ID": subnet_id, **place} if subnet_id else place


def _filtered(
    found: list[Activity], name: str | None, values: Sequence[str], *, named: bool
) -> list[Activity]:
    if name == "Status":
        if not named:
            raise invalid("The Status filter can only be used with AutoScalingGroupName.")
        return [each for each in found if each.status in values]
    if name not in ("StartTimeLowerBound", "StartTimeUpperBound"):
        raise invalid(f"The filter {name} is not valid.")
    for value in values:
        try:
            bound = aware(datetime.fromisoformat(value))
        except ValueError as error:
            raise invalid(f"{value} is not a valid time for the filter {name}.") from error
        lower = name == "StartTimeLowerBound"
        found = [each for each in found if (each.start >= bound if lower else each.start <= bound)]
    return found
