"""What Auto Scaling keeps: groups, their members, hooks and activities.

A group's ``facts`` are shaped like ``AutoScalingGroup`` of botocore's model and hold what
was asked for; what changes by itself (members, activities, refreshes) has its own place.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.autoscaling.refresh_model import Refresh
from sandbox.ec2.instance_model import SandboxInstance

Document = dict[str, Any]

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
CONFIGURED_BY = ("LaunchTemplate", "MixedInstancesPolicy", "LaunchConfigurationName")
REPLACING = "ReplacingRootVolume"
COUNTED = frozenset(
    {
        "Pending",
        "Pending:Wait",
        "Pending:Proceed",
        "InService",
        REPLACING,
        f"{REPLACING}:Wait",
        f"{REPLACING}:Proceed",
        "RootVolumeReplaced",
    }
)
"""The states in which a member counts towards the desired capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one member was launched with, every version a number."""

    template: Document | None = None
    configuration: str | None = None
    instance_type: str | None = None
    image_id: str | None = None
    weight: str | None = None


@dataclass(slots=True, kw_only=True)
class Activity:
    """``Activity`` of the model."""

    id: str
    group: str
    arn: str
    cause: str
    start: datetime
    description: str = ""
    status: str = "InProgress"
    message: str = ""
    progress: int = 0
    end: datetime | None = None
    details: Document = field(default_factory=dict)
    instance_id: str = ""
    group_is_gone: bool = False


@dataclass(slots=True, kw_only=True)
class Wait:
    """A member waits for one lifecycle hook to be completed."""

    hook: str
    token: str
    expires: datetime
    at_the_latest: datetime


@dataclass(slots=True, kw_only=True)
class Member:
    """One instance of a group."""

    instance: SandboxInstance
    source: Source
    state: str = "Pending"
    healthy: bool = True
    protected: bool = False
    since: datetime | None = None
    """When it last came into service."""
    impaired_since: datetime | None = None
    activity: Activity | None = None
    waits: list[Wait] = field(default_factory=list)
    step: int = 0
    """Counts its moves: what was planned for an earlier one is void."""

    @property
    def id(self) -> str:
        """The instance's."""
        return str(self.instance.id)

    @property
    def weight(self) -> int:
        """How much of the desired capacity it is."""
        return int(self.source.weight or 1)

    @property
    def is_counted(self) -> bool:
        """Whether it is, or will be, in service."""
        return self.state in COUNTED

    @property
    def is_serving(self) -> bool:
        """In service and not known to be unhealthy."""
        return self.state == "InService" and self.healthy


@dataclass(slots=True, kw_only=True)
class Hook:
    """``LifecycleHook`` of the model."""

    name: str
    transition: str
    timeout: int = 3600
    result: str = "ABANDON"
    metadata: str | None = None
    target: str | None = None
    role: str | None = None

    @property
    def global_timeout(self) -> int:
        """48 hours or 100 heartbeats, whichever is less (``LifecycleHook.GlobalTimeout``)."""
        return min(172800, 100 * self.timeout)

    @property
    def span(self) -> timedelta:
        """From one heartbeat to the end of the wait."""
        return timedelta(seconds=self.timeout)


class Group:
    """One Auto Scaling group."""

    def __init__(self, name: str, arn: str, facts: Document) -> None:
        self.name = name
        self.arn = arn
        self.facts = facts
        self.members: dict[str, Member] = {}
        self.hooks: dict[str, Hook] = {}
        self.tags: dict[str, Document] = {}
        self.suspended: dict[str, str] = {}
        self.refreshes: list[Refresh] = []
        self.targets: dict[str, bool] = {}
        """The target groups by ARN, and whether a member has been healthy behind it."""
        self.deleting = False
        self.tick = 0
        self.rests = 0
        """How often it has looked at itself in vain."""
        self.wakes: set[datetime] = set()
        """When it will be looked after, apart from its regular looks."""
        self.asked = ""
        """What a user asked for last, for the cause of what follows from it."""
        self.to_replace = 0
        self.failures = 0
        self.retry_at: datetime | None = None
        self.cools_until: datetime | None = None
        self.warm_pool: Any = None
        self.metrics: list[str] = []

    @property
    def desired(self) -> int:
        """The desired capacity."""
        return int(self.facts["DesiredCapacity"])

    @desired.setter
    def desired(self, value: int) -> None:
        self.facts["DesiredCapacity"] = value

    @property
    def capacity(self) -> int:
        """What is, or will be, in service."""
        return sum(each.weight for each in self.members.values() if each.is_counted)

    @property
    def refresh(self) -> Refresh | None:
        """The instance refresh that has not ended, if there is one."""
        found = [each for each in self.refreshes if each.is_active]
        return found[-1] if found else None

    @property
    def config(self) -> Document:
        """What members are launched with, as last saved."""
        return {name: self.facts[name] for name in CONFIGURED_BY if self.facts.get(name)}

    @property
    def current_config(self) -> Document:
        """What members are launched with now: a refresh's, while it goes forward."""
        refresh = self.refresh
        if refresh is not None and refresh.desired and refresh.status != "RollbackInProgress":
            return refresh.desired
        return self.config

    @property
    def zones(self) -> list[str]:
        """The zones that it launches into."""
        found: list[str] = self.facts["AvailabilityZones"]
        return found

    @property
    def subnets(self) -> list[str]:
        """The subnets that it launches into; none for the default ones."""
        return [each for each in (self.facts.get("VPCZoneIdentifier") or "").split(",") if each]

    def does(self, *processes: str) -> bool:
        """Whether none of *processes* is suspended."""
        return not any(each in self.suspended for each in processes)

    def seconds(self, name: str) -> timedelta:
        """A period of its settings."""
        return timedelta(seconds=int(self.facts.get(name) or 0))

    # what moto's warm pools and metrics ask of a group
    def put_warm_pool(self, **settings: Any) -> None:  # noqa: ANN401 - as moto declares it
        """Keep the settings; the pool itself stays empty."""
        from moto.autoscaling.models import FakeWarmPool  # noqa: PLC0415

        self.warm_pool = FakeWarmPool(**settings)  # type: ignore[abstract]

    def get_warm_pool(self) -> Any:  # noqa: ANN401 - as moto declares it
        """The settings, if there are any."""
        return self.warm_pool

    def enable_metrics_collection(self, metrics: list[str]) -> None:
        """Keep which metrics were asked for."""
        self.metrics = metrics or []
