"""One instance: the facts it was launched with, and the state it is in by the clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from moto.ec2.models.instances import Instance, InstanceState
from moto.ec2.models.security_groups import SecurityGroup
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.launch_options import credit_option
from sandbox.ec2.network_interface import SandboxInterface, seconds_only

STATE_CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
PENDING_REASON = {"Code": "pending", "Message": "pending"}


class Fact:
    """An attribute that moto knows by its own name and that lives in the facts."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __get__(self, instance: "SandboxInstance", owner: type | None = None) -> Any:  # noqa: ANN401
        return instance.facts.get(self._key)

    def __set__(self, instance: "SandboxInstance", value: object) -> None:
        instance.facts[self._key] = value


class SandboxInstance(Instance):
    """An instance whose ``facts`` are shaped like ``Instance`` of EC2's model.

    What can change by itself (state, interfaces, volumes, tags) is not among the facts;
    everything else that DescribeInstances answers with is, and is kept as it was given.
    """

    image_id: Any = Fact("ImageId")
    instance_type: Any = Fact("InstanceType")
    key_name: Any = Fact("KeyName")
    client_token: Any = Fact("ClientToken")
    architecture: Any = Fact("Architecture")
    platform: Any = Fact("Platform")
    virtualization_type: Any = Fact("VirtualizationType")
    root_device_name: Any = Fact("RootDeviceName")
    root_device_type: Any = Fact("RootDeviceType")
    ebs_optimized: Any = Fact("EbsOptimized")
    launch_time: Any = Fact("LaunchTime")
    ami_launch_index: Any = Fact("AmiLaunchIndex")
    lifecycle: Any = Fact("InstanceLifecycle")
    kernel_id: Any = Fact("KernelId")
    hypervisor: Any = Fact("Hypervisor")
    iam_instance_profile: Any = Fact("IamInstanceProfile")

    def __init__(
        self,
        ec2_backend: Any,  # noqa: ANN401 - as moto declares it
        facts: dict[str, Any],
        *,
        reservation_id: str,
        user_data: str | None = None,
        instance_id: str | None = None,
        state: str = "pending",
    ) -> None:
        self.facts: dict[str, Any] = {}
        self.nics: dict[int, SandboxInterface] = {}  # type: ignore[assignment]
        self._name = state
        zone = facts["Placement"]["AvailabilityZone"]
        super().__init__(ec2_backend, facts["ImageId"], None, [], placement=zone)
        self.facts = dict(facts)
        self.facts.setdefault("LaunchTime", seconds_only(clock.now()))
        self.id = instance_id or self.id
        self.reservation_id = reservation_id
        self.user_data = user_data  # type: ignore[assignment]
        self.credits = credit_option(None, str(self.instance_type))
        self.checked_from: datetime = clock.now()
        self.state_reason_document: dict[str, str] | None = None
        self.terminated_at: datetime | None = None
        self.spot_type: str | None = None
        self.requester_id: str | None = None
        self.root_volumes: list[str] = []
        """Every volume that was at the root device so far, the newest last."""
        self.transition = 0
        self.watcher: Callable[[str, datetime], None] | None = None
        """Told of every state it enters: the Auto Scaling group that it is a member of."""

    @override
    def prep_nics(self, *_: Any, **__: Any) -> None:
        """Moto makes interfaces here; the launch attaches ours."""

    @override
    def start(self) -> InstanceState:
        """For moto's other services; the rules are the backend's."""
        before: InstanceState = self.ec2_backend.start_instances([self.id])[0][1]
        return before

    @override
    def stop(self) -> InstanceState:
        """For moto's other services; the rules are the backend's."""
        before: InstanceState = self.ec2_backend.stop_instances([self.id])[0][1]
        return before

    @override
    def terminate(self) -> InstanceState:
        """For moto's other services (CloudFormation); the rules are the backend's."""
        before: InstanceState = self.ec2_backend.terminate_instances([self.id])[0][1]
        return before

    @property
    def primary(self) -> SandboxInterface:
        """The interface that is there for as long as the instance is."""
        return self.nics[0]

    @property
    def _state(self) -> InstanceState:
        self.ec2_backend.settle()
        return InstanceState(self._name, STATE_CODES[self._name])

    @_state.setter
    def _state(self, value: InstanceState) -> None:
        """Moto starts every instance ``running``; ours have been told their state."""

    @property
    def name_of_state(self) -> str:
        """The state as last settled, for those who are settling."""
        return self._name

    def enter(self, name: str, *, transition: str = "", reason: dict[str, str] | None) -> None:
        """Be in the state *name*, with the reasons that DescribeInstances will give."""
        self._name = name
        self._reason = transition
        self.state_reason_document = reason

    @property
    def security_groups(self) -> list[SecurityGroup]:
        """Those of the primary interface."""
        return self.nics[0].group_set if 0 in self.nics else []

    @security_groups.setter
    def security_groups(self, groups: list[SecurityGroup]) -> None:
        if groups and 0 in self.nics:
            self.nics[0].group_set = groups

    @property
    def source_dest_check(self) -> bool:
        """That of the primary interface."""
        return self.nics[0].source_dest_check if 0 in self.nics else True

    @source_dest_check.setter
    def source_dest_check(self, value: bool) -> None:
        if 0 in self.nics:
            self.nics[0].source_dest_check = value

    @property
    @override
    def availability_zone(self) -> str:
        return str(self.facts["Placement"]["AvailabilityZone"])

    @property
    @override
    def subnet_id(self) -> str | None:
        return self.nics[0].subnet_id if 0 in self.nics else None

    @property
    @override
    def vpc_id(self) -> str | None:
        return self.nics[0].vpc_id if 0 in self.nics else None

    @property
    @override
    def private_ip(self) -> str | None:
        return self.nics[0].private_ip_address if 0 in self.nics else None

    @property
    @override
    def private_ip_address(self) -> str | None:
        return self.private_ip

    @property
    @override
    def public_ip(self) -> str | None:
        return self.nics[0].public_ip if 0 in self.nics else None

    @property
    @override
    def public_ip_address(self) -> str | None:
        return self.public_ip

    @property
    def zone_id(self) -> str | None:
        """The id of its zone, the same in every account."""
        zone = self.ec2_backend.get_zone_by_name(self.availability_zone)
        return zone.zone_id if zone else None

    @property
    def has_root(self) -> bool:
        """Whether a volume is at the root device, and not being detached."""
        block = self.block_device_mapping.get(self.root_device_name)
        return block is not None and not block.is_leaving

    @property
    def is_gone(self) -> bool:
        """Whether it has been terminated, or is on its way there."""
        return self.state in {"shutting-down", "terminated"}

    def running_for(self, span: timedelta) -> bool:
        """Whether it has been up for at least *span* since launch, start or reboot."""
        return clock.now() >= self.checked_from + span
