"""Planning a relaunch: a new instance beside the original, then addresses and targets move.

The order keeps one machine serving at every moment: the replacement is launched and
proven first, joins the target groups before the original leaves them, and the original
is stopped last and kept (DESIGN rule 2).
"""

import enum
from dataclasses import dataclass, replace

from chalicelib.domain.configuration import Configuration
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.launch import devices_of
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.domain.rollback.caveats import blockers_of, warnings_of
from chalicelib.domain.rollback.forecast import forecast
from chalicelib.domain.rollback.plan import RollbackPlan, Step

MODE = "relaunch"


class Source(enum.Enum):
    """Which configuration the replacement gets (``--config``)."""

    CURRENT = "current"
    AS_OF_BACKUP = "as-of-backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything observed that a relaunch depends on."""

    instance: Instance
    lineage: str
    current: Configuration
    captured: Configuration | None
    """The manifest of the point; ``None`` when it was lost with the catalogue."""
    point: RecoveryPoint
    source: Source = Source.AS_OF_BACKUP
    open_rollback: str = ""
    superseded: bool = False
    missing: tuple[str, ...] = ()
    """What the configuration names and EC2 no longer has, each as a sentence."""


def plan_relaunch(world: World) -> RollbackPlan:
    """Decide every step of putting *world*'s instance back by a launch beside it."""
    chosen = _chosen(world)
    user_data_from, user_data_note = _user_data(world, chosen)
    warnings = warnings_of(world.instance, world.current, world.point, chosen)
    if world.source is Source.AS_OF_BACKUP and world.captured is None:
        warnings = (
            "the configuration captured with this point is lost: the present one is used",
            *warnings,
        )
    if user_data_note:
        warnings = (*warnings, user_data_note)
    return RollbackPlan(
        instance_id=world.instance.instance_id,
        image_id=world.point.image_id,
        region=world.instance.region,
        lineage=world.lineage,
        mode=MODE,
        mode_reason="a new instance beside the original; the only mode of this version",
        configuration=chosen,
        user_data_from=user_data_from,
        devices=devices_of(world.point.snapshots),
        steps=_steps(world, chosen),
        blockers=blockers_of(
            world.instance,
            chosen,
            open_rollback=world.open_rollback,
            superseded=world.superseded,
            missing=world.missing,
        ),
        warnings=warnings,
        fidelity=forecast(world.current, chosen, world.point, user_data_from),
    )


def _chosen(world: World) -> Configuration:
    """The configuration to launch: what moves is always taken from the present.

    The instance profile too: a point must not bring back rights that were taken away
    since (threat T4).
    """
    base = world.current
    if world.source is Source.AS_OF_BACKUP and world.captured is not None:
        base = world.captured
    return replace(
        base.without_secrets(),
        instance_id=world.instance.instance_id,
        profile_arn=world.current.profile_arn,
        addresses=world.current.addresses,
        targets=world.current.targets,
        unreadable=tuple(dict.fromkeys((*base.unreadable, *world.current.unreadable))),
    )


def _user_data(world: World, chosen: Configuration) -> tuple[str, str]:
    """Where the launch takes user data from, and what to warn about."""
    wanted = chosen.attributes.user_data
    present = world.current.attributes.user_data
    if not wanted.digest:
        return "none", ""
    if wanted.digest == present.digest:
        return "instance", ""
    if world.captured is not None and world.captured.attributes.user_data.sealed:
        return f"manifest:{world.captured.digest}", ""
    if present.digest:
        return "instance", (
            "user data has changed since the backup and was not stored with it "
            "(no SNAPBACK_KMS_KEY): the present user data is used"
        )
    return "none", (
        "user data has been removed since the backup and was not stored with it "
        "(no SNAPBACK_KMS_KEY): the replacement has none"
    )


def _steps(world: World, chosen: Configuration) -> tuple[Step, ...]:
    original = world.instance.instance_id
    steps = [_launch(world, chosen), _prove(), _configure(chosen)]
    if chosen.targets:
        steps += [_join(chosen), _leave(chosen, original)]
    steps += [
        Step(
            name=f"move-address-{address.allocation_id}",
            action="ec2:DisassociateAddress, ec2:AssociateAddress",
            about=f"move the Elastic IP {address.public_ip} to the replacement",
            undo=f"move {address.public_ip} back to {address.private_ip} of {original}",
            interruption="seconds, on this address",
            params={
                "allocation": address.allocation_id,
                "from_interface": address.interface_id,
                "from_private_ip": address.private_ip,
            },
        )
        for address in chosen.addresses
    ]
    if world.instance.state is InstanceState.RUNNING:
        steps.append(_stop(world.current, original))
    return (*steps, _protect(chosen), _adopt(world))


def _launch(world: World, chosen: Configuration) -> Step:
    primary = chosen.primary
    return Step(
        name="launch",
        action="ec2:RunInstances",
        about=f"launch a {chosen.instance_type} from {world.point.image_id} beside the original",
        undo="terminate it if it never served, else stop and keep it",
        params={
            "image": world.point.image_id,
            "type": chosen.instance_type,
            "zone": chosen.placement.zone,
            "subnet": primary.subnet_id if primary else "",
            "groups": ", ".join(primary.groups) if primary else "",
            "key": chosen.key_name,
            "profile": chosen.profile_arn,
            "devices": ", ".join(devices_of(world.point.snapshots)),
            "user_data": chosen.attributes.user_data.digest[:12],
        },
    )


def _prove() -> Step:
    return Step(
        name="prove",
        action="ec2:DescribeInstanceStatus",
        about="wait until the replacement runs and passes its status checks",
        undo="nothing to undo",
    )


def _configure(chosen: Configuration) -> Step:
    routers = [str(i.device_index) for i in chosen.interfaces if not i.source_dest_check]
    return Step(
        name="configure",
        action="ec2:CreateTags, ec2:ModifyNetworkInterfaceAttribute",
        about="tag its volumes and set what RunInstances can not",
        undo="nothing to undo: the replacement goes",
        params={"source_dest_check_off": ", ".join(routers)},
    )


def _join(chosen: Configuration) -> Step:
    return Step(
        name="join-targets",
        action="elasticloadbalancing:RegisterTargets",
        about=f"register the replacement in {len(chosen.targets)} target group(s), "
        "wait until healthy",
        undo="deregister the replacement and let it drain",
        params={f"{t.group_arn}:{t.port}": t.target_id for t in chosen.targets},
    )


def _leave(chosen: Configuration, original: str) -> Step:
    return Step(
        name="leave-targets",
        action="elasticloadbalancing:DeregisterTargets",
        about=f"take {original} out of {len(chosen.targets)} target group(s) and let it drain",
        undo=f"register {original} again and wait until healthy",
        params={f"{t.group_arn}:{t.port}": t.target_id for t in chosen.targets},
    )


def _stop(current: Configuration, original: str) -> Step:
    guarded = current.attributes.api_stop_disabled
    return Step(
        name="stop-original",
        action="ec2:ModifyInstanceAttribute, ec2:StopInstances" if guarded else "ec2:StopInstances",
        about=f"stop {original} and keep it with its volumes"
        + ("; its stop protection is lifted for that" if guarded else ""),
        undo=f"start {original} again, wait for its status checks"
        + (", put its stop protection back" if guarded else ""),
        interruption="none for clients that follow the address or the target groups",
        params={"stop_protection": "lifted" if guarded else ""},
    )


def _protect(chosen: Configuration) -> Step:
    return Step(
        name="protect",
        action="ec2:ModifyInstanceAttribute",
        about="give the replacement the protections of the original",
        undo="lift them",
        params={
            "stop": str(chosen.attributes.api_stop_disabled).lower(),
            "terminate": str(chosen.attributes.api_termination_disabled).lower(),
        },
    )


def _adopt(world: World) -> Step:
    return Step(
        name="adopt",
        action="dynamodb:BatchWriteItem",
        about=f"make the replacement the current instance of lineage {world.lineage}: "
        "its backups go on there",
        undo=f"make {world.instance.instance_id} the current instance again",
    )
