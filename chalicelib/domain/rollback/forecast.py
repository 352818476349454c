"""The fidelity report of a plan: what a relaunch will do with each property, and why."""

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.configuration import Configuration
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.domain.rollback.fidelity import Fate, Line, properties


def forecast(
    current: Configuration, chosen: Configuration, point: RecoveryPoint, user_data_from: str
) -> tuple[Line, ...]:
    """Every property in question, with its fate; the identity that changes comes first."""
    return (
        *_identity(current),
        *_moved(chosen),
        *_user_data(current, chosen, user_data_from),
        *_disks(chosen, point),
        *_settings(chosen, {s.device for s in point.snapshots}),
    )


def _identity(current: Configuration) -> Iterator[Line]:
    yield Line("instance id", Fate.LOST, current.instance_id, "EC2 gives every launch a new one")
    for interface in current.interfaces:
        at = f"interface {interface.device_index}"
        for address in interface.private_ips:
            yield Line(
                f"{at} private address",
                Fate.SUBSTITUTED,
                address,
                "the original holds it as long as it exists; another one of the subnet is taken",
            )
        yield Line(f"{at} MAC", Fate.LOST, interface.interface_id, "a new interface has its own")
        if interface.auto_public_ip:
            yield Line(
                f"{at} public address",
                Fate.SUBSTITUTED,
                interface.auto_public_ip,
                "from EC2's pool: a new one is assigned",
            )
        for ipv6 in interface.ipv6:
            yield Line(f"{at} IPv6", Fate.SUBSTITUTED, ipv6, "another one of the subnet is taken")
    reserved = sorted(k for k in current.tags if k.lower().startswith("aws:"))
    for key in reserved:
        yield Line(f"tag {key}", Fate.LOST, current.tags[key], "only AWS may set aws: tags")


def _moved(chosen: Configuration) -> Iterator[Line]:
    for address in chosen.addresses:
        yield Line("Elastic IP", Fate.RESTORED, address.public_ip, "moved to the replacement")
    for target in chosen.targets:
        yield Line(
            "target group",
            Fate.RESTORED,
            f"{target.group_arn} port {target.port}",
            "the replacement is registered",
        )


def _user_data(
    current: Configuration, chosen: Configuration, user_data_from: str
) -> Iterator[Line]:
    user_data = chosen.attributes.user_data
    if not user_data.digest:
        return
    value = f"{user_data.length} characters, digest {user_data.digest[:12]}"
    if user_data_from.startswith("manifest:"):
        yield Line("user data", Fate.RESTORED, value, "from the encrypted manifest")
    elif user_data_from == "instance" and user_data.digest != current.attributes.user_data.digest:
        yield Line("user data", Fate.SUBSTITUTED, value, "not stored: the present one is used")
    elif user_data_from == "instance":
        yield Line("user data", Fate.RESTORED, value, "read from the original at launch")
    else:
        yield Line("user data", Fate.LOST, value, "it was not stored and is not on the original")


def _disks(chosen: Configuration, point: RecoveryPoint) -> Iterator[Line]:
    devices = {s.device for s in point.snapshots}
    for disk in chosen.disks:
        if disk.device not in devices:
            yield Line(
                f"data of {disk.device}",
                Fate.LOST,
                disk.volume_id,
                "the recovery point holds no snapshot of it; it stays with the original",
            )
    for snapshot in point.snapshots:
        yield Line(
            f"data of {snapshot.device}",
            Fate.RESTORED,
            snapshot.snapshot_id,
            f"as of {point.created_at:%Y-%m-%d %H:%M}Z",
        )


def _settings(chosen: Configuration, devices: set[str]) -> Iterator[Line]:
    launched = replace(chosen, disks=tuple(d for d in chosen.disks if d.device in devices))
    for name, value in properties(launched).items():
        if value:
            yield Line(name, Fate.RESTORED, value)
