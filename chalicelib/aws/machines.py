"""Changing instances: launch, power, protections, tags. Every call is safe to repeat."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.aws.errors import translated
from chalicelib.aws.launches import run_parameters
from chalicelib.domain.errors import MissingError
from chalicelib.domain.health import InstanceHealth
from chalicelib.domain.launch import LaunchRequest

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import TagTypeDef


class MachineGateway:
    """The instances of one region, as things that can be switched and changed."""

    def __init__(self, client: "EC2Client") -> None:
        self._client = client

    def health(self, instance_id: str) -> InstanceHealth:
        """The instance's status checks; all unknown while EC2 does not answer for it yet."""
        try:
            with translated(f"read the status checks of {instance_id}"):
                answer = self._client.describe_instance_status(
                    InstanceIds=[instance_id], IncludeAllInstances=True
                )
        except MissingError:  # a fresh id may be unknown for a while (eventual consistency)
            return InstanceHealth()
        for status in answer["InstanceStatuses"]:
            attached = status.get("AttachedEbsStatus", {}).get("Status", "ok")
            return InstanceHealth(
                system=status.get("SystemStatus", {}).get("Status", "unknown"),
                instance=status.get("InstanceStatus", {}).get("Status", "unknown"),
                volumes=attached,
            )
        return InstanceHealth()

    def launch(self, request: LaunchRequest, user_data: str) -> str:
        """Launch one instance and return its id; the same token gives the same instance.

        *user_data* is base64 and goes nowhere but into the call.
        """
        with translated(f"launch a replacement from {request.image_id}"):
            answer = self._client.run_instances(**run_parameters(request, user_data))
        return answer["Instances"][0]["InstanceId"]

    def stop(self, instance_id: str) -> None:
        """Ask the operating system to shut down; a stopped instance stays as it is."""
        with translated(f"stop {instance_id}"):
            self._client.stop_instances(InstanceIds=[instance_id])

    def start(self, instance_id: str) -> None:
        """Start a stopped instance; a running one stays as it is."""
        with translated(f"start {instance_id}"):
            self._client.start_instances(InstanceIds=[instance_id])

    def terminate(self, instance_id: str) -> bool:
        """Terminate an instance that Snapback launched, and nothing else; false if gone."""
        try:
            with translated(f"terminate {instance_id}"):
                self._client.terminate_instances(InstanceIds=[instance_id])
        except MissingError:
            return False
        return True

    def protect(self, instance_id: str, *, stop: bool, terminate: bool) -> None:
        """Set both API protections to exactly what is asked for."""
        with translated(f"set the protections of {instance_id}"):
            self._client.modify_instance_attribute(
                InstanceId=instance_id, DisableApiStop={"Value": stop}
            )
            self._client.modify_instance_attribute(
                InstanceId=instance_id, DisableApiTermination={"Value": terminate}
            )

    def allow_stop(self, instance_id: str, *, allowed: bool) -> None:
        """Lift the stop protection, or put it back."""
        with translated(f"change the stop protection of {instance_id}"):
            self._client.modify_instance_attribute(
                InstanceId=instance_id, DisableApiStop={"Value": not allowed}
            )

    def set_source_dest_check(self, interface_id: str, *, checked: bool) -> None:
        """RunInstances has no parameter for it, so a router or NAT needs this after launch."""
        with translated(f"set the source/destination check of {interface_id}"):
            self._client.modify_network_interface_attribute(
                NetworkInterfaceId=interface_id, SourceDestCheck={"Value": checked}
            )

    def set_maintenance(self, instance_id: str, *, reboot_migration: str) -> None:
        """RebootMigration is not a parameter of RunInstances (model 1.44.5)."""
        with translated(f"set the maintenance options of {instance_id}"):
            self._client.modify_instance_maintenance_options(
                InstanceId=instance_id,
                RebootMigration=reboot_migration,  # type: ignore[arg-type]
            )

    def delete_volumes_at_termination(self, instance_id: str, devices: Sequence[str]) -> None:
        """Let the volumes of a replacement that never served go with it."""
        with translated(f"let the volumes of {instance_id} go with it"):
            self._client.modify_instance_attribute(
                InstanceId=instance_id,
                BlockDeviceMappings=[
                    {"DeviceName": device, "Ebs": {"DeleteOnTermination": True}}
                    for device in devices
                ],
            )

    def tag(self, resource_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Set *tags* on every resource; keys of AWS must not be among them."""
        pairs: list[TagTypeDef] = [{"Key": k, "Value": v} for k, v in sorted(tags.items())]
        if resource_ids and pairs:
            with translated(f"tag {', '.join(resource_ids)}"):
                self._client.create_tags(Resources=list(resource_ids), Tags=pairs)
