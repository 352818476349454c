"""What stands in the way of a relaunch, and what an operator should know before it."""

from collections.abc import Iterator

from chalicelib.domain.configuration import Configuration
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.domain.rollback.fidelity import properties


def blockers_of(
    instance: Instance,
    chosen: Configuration,
    *,
    open_rollback: str,
    superseded: bool,
    missing: tuple[str, ...],
) -> tuple[str, ...]:
    """Every reason why the relaunch would fail or hurt, as sentences."""
    return (
        *_blocked_by_history(open_rollback, superseded=superseded),
        *_blocked_by_state(instance),
        *_blocked_by_nature(instance, chosen),
        *missing,
    )


def _blocked_by_history(open_rollback: str, *, superseded: bool) -> Iterator[str]:
    if open_rollback:
        yield f"rollback {open_rollback} of this lineage is not finished"
    if superseded:
        yield "it was rolled away from already; roll back its replacement, or undo that rollback"


def _blocked_by_state(instance: Instance) -> Iterator[str]:
    if instance.state in (InstanceState.TERMINATED, InstanceState.SHUTTING_DOWN):
        yield f"it is {instance.state.value}: this version relaunches beside an existing machine"
    elif instance.state not in (InstanceState.RUNNING, InstanceState.STOPPED):
        yield f"it is {instance.state.value}: wait until it is running or stopped"


def _blocked_by_nature(instance: Instance, chosen: Configuration) -> Iterator[str]:
    if instance.managed_by:
        yield f"it is managed by {instance.managed_by}: only that service may replace it"
    if instance.scaling_group:
        yield (
            f"it is a member of the Auto Scaling group {instance.scaling_group}, which would "
            "replace a stopped member"
        )
    if chosen.lifecycle:
        yield f"it is a {chosen.lifecycle} instance: it can not be stopped and kept for undo"
    if chosen.root_device_type != "ebs":
        yield "its root is an instance store: it can not be stopped and kept for undo"
    if not chosen.interfaces:
        yield "it has no network interface on record, so there is no subnet to launch into"
    if not chosen.placement.zone:
        yield "its availability zone is not on record"


def warnings_of(
    instance: Instance, current: Configuration, point: RecoveryPoint, chosen: Configuration
) -> tuple[str, ...]:
    """What changes although everything works, as sentences."""
    return (
        *_identity(instance, chosen),
        *_data(current, point),
        *_drift(current, chosen),
        *(f"could not be read and may be missing: {part}" for part in chosen.unreadable),
    )


def _identity(instance: Instance, chosen: Configuration) -> Iterator[str]:
    addresses = [ip for i in chosen.interfaces for ip in i.private_ips]
    yield (
        f"the instance id, MAC and private address ({', '.join(addresses) or 'none'}) change: "
        "whatever names them (DNS, peers, alarms, IAM conditions) must be told"
    )
    for interface in chosen.interfaces:
        if interface.auto_public_ip:
            yield (
                f"the public address {interface.auto_public_ip} belongs to EC2's pool and is lost "
                "when the original stops, for undo too"
            )
        if interface.ipv6:
            yield f"the IPv6 address(es) {', '.join(interface.ipv6)} change"
    if any(t.target_id == instance.instance_id or t.target_id in addresses for t in chosen.targets):
        yield "while it joins the target groups, original and replacement both take traffic"


def _data(current: Configuration, point: RecoveryPoint) -> Iterator[str]:
    yield (
        f"what was written since {point.created_at:%Y-%m-%d %H:%M}Z is not on the replacement; "
        "it stays on the volumes of the original, which is kept"
    )
    devices = {s.device for s in point.snapshots}
    for disk in current.disks:
        if disk.device not in devices:
            yield (
                f"the volume {disk.volume_id} at {disk.device} is not in the recovery point: "
                "it stays with the original"
            )


def _drift(current: Configuration, chosen: Configuration) -> Iterator[str]:
    now, then = properties(current), properties(chosen)
    for name in sorted(set(now) | set(then)):
        if now.get(name, "") != then.get(name, ""):
            yield (
                f"{name} is now {now.get(name) or 'absent'} and goes back to "
                f"{then.get(name) or 'absent'} (--config current keeps the present)"
            )
