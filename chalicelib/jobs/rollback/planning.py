"""Reading the world for a rollback and planning it. Changes nothing."""

from dataclasses import dataclass, replace

from chalicelib.domain.configuration import Configuration
from chalicelib.domain.errors import NotFoundError, RefusedError
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.records import Role, lineage_of
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.domain.rollback.plan import RollbackPlan
from chalicelib.domain.rollback.relaunch import Source, World, plan_relaunch
from chalicelib.domain.rollback.selection import By, Choice, refuse_unfit, select
from chalicelib.jobs.inventory import Inventory, take_inventory
from chalicelib.jobs.ports import Catalogue, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an operator asks for: which machine, back to what, with which configuration."""

    instance_id: str
    choice: Choice
    source: Source = Source.AS_OF_BACKUP


def plan(regions: tuple[Region, ...], catalogue: Catalogue, request: Request) -> RollbackPlan:
    """The plan of the rollback that *request* asks for, blockers and all.

    Raises ``NotFoundError`` for an instance that is in none of *regions*, and
    ``RefusedError`` when the chosen image may not stand in for it.
    """
    region, instance = find_instance(regions, request.instance_id)
    record = catalogue.instance(region.name, instance.instance_id)
    lineage = lineage_of(instance.instance_id, record)
    point = choose(take_inventory(region, catalogue), request.choice, lineage)
    current = capture_now(region, instance, lineage)
    captured = catalogue.manifest(lineage, point.manifest) if point.manifest else None
    chosen = captured if captured and request.source is Source.AS_OF_BACKUP else current
    gone = instance.state in (InstanceState.TERMINATED, InstanceState.SHUTTING_DOWN)
    return plan_relaunch(
        World(
            instance=instance,
            lineage=lineage,
            current=current,
            captured=captured,
            point=point,
            source=request.source,
            open_rollback=catalogue.leases().get(lineage, ""),
            superseded=record is not None and record.role is Role.SUPERSEDED,
            missing=() if gone else region.configurations.missing(chosen),
        )
    )


def find_instance(regions: tuple[Region, ...], instance_id: str) -> tuple[Region, Instance]:
    """The instance and the region it is in; ``NotFoundError`` names the regions looked at."""
    for region in regions:
        for instance in region.instances.find([instance_id]):
            return region, instance
    names = ", ".join(r.name for r in regions)
    raise NotFoundError(
        f"there is no instance {instance_id} in {names}",
        hint="check --region and the account; a terminated instance is forgotten after an hour",
    )


def choose(inventory: Inventory, choice: Choice, lineage: str) -> RecoveryPoint:
    """The point that *choice* means; refused with the reason when it may not be used."""
    if choice.by is not By.IMAGE:
        return select(inventory.points, choice, lineage)
    for point in inventory.points:
        if point.image_id == choice.value:
            refuse_unfit(point, lineage)
            return point
    raise RefusedError(
        f"{choice.value} is no recovery point of this deployment here: it is deregistered, "
        "belongs to another account or region, or was not made by Snapback",
        hint=f"see `snapback points` for those of {lineage}",
    )


def capture_now(region: Region, instance: Instance, lineage: str) -> Configuration:
    """The instance's whole configuration as it is at this moment."""
    described = region.configurations.describe([instance])[instance.instance_id]
    attributes, unreadable = region.configurations.attributes(instance.instance_id, lineage)
    return replace(
        described, attributes=attributes, unreadable=(*described.unreadable, *unreadable)
    )
