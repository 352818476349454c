"""StartInstances, StopInstances, RebootInstances, TerminateInstances, Monitor on the wire."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models.instances import Instance, InstanceState
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.instance_model import STATE_CODES
from sandbox.ec2.lifecycle import LifecycleRules
from sandbox.ec2.wire import DocumentResult


class LifecycleActions(EC2Response):
    """The state changes that a caller asks for."""

    @override
    def start_instances(self) -> ActionResult:
        """Answers ``pending``, or what the instance was in already."""
        ids = self._get_param("InstanceIds", [])
        self.error_on_dryrun()
        return _changes("StartingInstances", self._lifecycle.start_instances(ids))

    @override
    def stop_instances(self) -> ActionResult:
        """Answers ``stopping``, or what the instance was in already."""
        ids = self._get_param("InstanceIds", [])
        self.error_on_dryrun()
        hibernate = bool(self._get_param("Hibernate"))
        return _changes(
            "StoppingInstances", self._lifecycle.stop_instances(ids, hibernate=hibernate)
        )

    @override
    def terminate_instances(self) -> ActionResult:
        """Answers ``shutting-down``, or what the instance was in already."""
        ids = self._get_param("InstanceIds", [])
        self.error_on_dryrun()
        return _changes("TerminatingInstances", self._lifecycle.terminate_instances(ids))

    @override
    def reboot_instances(self) -> ActionResult:
        """Answers at once; nothing but the status checks shows that it happened."""
        ids = self._get_param("InstanceIds", [])
        self.error_on_dryrun()
        self._lifecycle.reboot_instances(ids)
        return EmptyResult()

    @override
    def monitor_instances(self) -> ActionResult:  # type: ignore[override]
        """Turn detailed monitoring on (MonitorInstances)."""
        return self._monitor("enabled", "pending")

    @override
    def unmonitor_instances(self) -> ActionResult:  # type: ignore[override]
        """Turn detailed monitoring off (UnmonitorInstances)."""
        return self._monitor("disabled", "disabling")

    def _monitor(self, state: str, answered: str) -> ActionResult:
        ids = self._get_param("InstanceIds", [])
        self.error_on_dryrun()
        instances = self._lifecycle.instances_by_id(ids)
        for instance in instances:
            instance.monitoring_state = state
        return DocumentResult(
            {
                "InstanceMonitorings": [
                    {"InstanceId": each.id, "Monitoring": {"State": answered}} for each in instances
                ]
            }
        )

    @property
    def _lifecycle(self) -> LifecycleRules:
        backend: LifecycleRules = self.ec2_backend
        return backend


def _changes(name: str, changes: list[tuple[Instance, InstanceState]]) -> ActionResult:
    rows: list[dict[str, Any]] = [
        {
            "InstanceId": instance.id,
            "CurrentState": {"Code": STATE_CODES[instance.state], "Name": instance.state},
            "PreviousState": {"Code": before.code, "Name": before.name},
        }
        for instance, before in changes
    ]
    return DocumentResult({name: rows})
