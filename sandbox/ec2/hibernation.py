"""What hibernation asks of a launch, and what a hibernated instance does not allow.

Sources: EC2 User Guide "hibernating-prerequisites" (the type, the RAM, the root volume's
encryption, kind and size) and "instance-hibernate-overview" ("while your instance is
hibernated, you can't modify it"). All codes but the name in them are [NV].
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES

from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.lifecycle import USER_HIBERNATE
from sandbox.ec2.snapshots import SnapshotRules
from sandbox.ec2.volume_types import DEFAULT_TYPE

SOLID_STATE = frozenset({"gp2", "gp3", "io1", "io2"})
MOST_RAM_MIB = 150 * 1024
MOST_RAM_MIB_WINDOWS = 16 * 1024
MIB_PER_GIB = 1024


def check_hibernation(
    backend: SnapshotRules, facts: Mapping[str, Any], disks: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse a launch with hibernation that does not meet its prerequisites."""
    if not facts["HibernationOptions"]["Configured"]:
        return
    info = INSTANCE_TYPES.get(facts["InstanceType"], {})
    ram = int(info.get("MemoryInfo", {}).get("SizeInMiB") or 0)
    most = MOST_RAM_MIB_WINDOWS + 1 if facts.get("Platform") == "windows" else MOST_RAM_MIB
    if not info.get("HibernationSupported") or ram >= most:
        raise _unsupported(f"the instance type '{facts['InstanceType']}' cannot hibernate")
    root: Mapping[str, Any] = next(
        (each["Ebs"] for each in disks if each["DeviceName"] == facts["RootDeviceName"]), {}
    )
    snapshot = backend.find_snapshot(root["SnapshotId"]) if root.get("SnapshotId") else None
    inherited = snapshot is not None and snapshot.encrypted
    if not (root.get("Encrypted") or inherited or backend.ebs_encryption_by_default):
        raise _unsupported("the root volume must be encrypted")
    if (root.get("VolumeType") or DEFAULT_TYPE) not in SOLID_STATE:
        raise _unsupported("the root volume must be a solid state drive")
    if int(root["VolumeSize"]) * MIB_PER_GIB < ram:
        raise _unsupported("the root volume is too small for the instance's memory")


def require_awake(instance: SandboxInstance) -> None:
    """Refuse to modify an instance that was stopped by hibernating it."""
    if instance.state == "stopped" and instance.state_reason_document == USER_HIBERNATE:
        raise EC2ClientError(
            "UnsupportedOperation", f"The instance '{instance.id}' is hibernated: start it first."
        )


def _unsupported(why: str) -> EC2ClientError:
    return EC2ClientError(
        "UnsupportedHibernationConfiguration",
        f"The requested configuration for hibernation is not supported: {why}.",
    )
