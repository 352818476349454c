"""Taking recovery points: capture, write ahead, create. Scheduled and manual ones alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.canonical import digest
from chalicelib.domain.configuration import Configuration
from chalicelib.domain.errors import NameTakenError, SnapbackError
from chalicelib.domain.image import ImageRequest
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.names import PointName
from chalicelib.domain.point_tags import PointTags, build_tags
from chalicelib.domain.records import InstanceRecord, PointRecord, Stage
from chalicelib.domain.recovery_point import Kind
from chalicelib.domain.report import Outcome, Result
from chalicelib.domain.retention import keep_until, parse_retention
from chalicelib.jobs.ports import Catalogue, Region, Site

_REREAD = timedelta(hours=24)
"""How old attributes that no describe shows (protections) may get before they are read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One recovery point to take."""

    instance: Instance
    lineage: str
    kind: Kind
    key: str
    """The last part of the AMI name: a slot, a moment or a change id."""
    at: datetime
    retain: str
    reason: str
    plans: tuple[str, ...] = ()
    zone: str = ""
    """Whose days, weeks and months its retention counts."""
    reboot: bool = False
    excluded: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The AMI name, which makes taking it again harmless."""
        return str(PointName(self.instance.instance_id, self.kind, self.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one order."""

    outcome: Outcome
    image_id: str = ""


def take(
    site: Site,
    orders: Sequence[Order],
    now: datetime,
    *,
    known: Mapping[str, PointRecord],
    keep_going: Callable[[], bool] = lambda: True,
) -> tuple[Taken, ...]:
    """Take every order's point; one that fails never stops the others.

    *known* are the rows that there are already, by AMI name. A row is written before each
    image is created and completed afterwards, so a run that is cut off anywhere is
    continued by the next: the name finds the image. When *keep_going* says no, the rest
    is reported as pending and left to the next run.
    """
    feasible, refused = _sort_out(orders)
    if not feasible:
        return refused
    captured, failed = _capture(site, feasible, now)
    taken = [*refused, *failed]
    for order in feasible:
        configuration = captured.get(order.instance.instance_id)
        if configuration is None:
            continue
        if not keep_going():
            taken.append(_told(order, Result.PENDING, "out of time; the next run goes on"))
            continue
        try:
            taken.append(_take_one(site, order, configuration, known.get(order.name)))
        except SnapbackError as err:
            taken.append(_told(order, Result.FAILED, err.message))
    return tuple(taken)


def _sort_out(orders: Sequence[Order]) -> tuple[list[Order], tuple[Taken, ...]]:
    """CreateImage takes an EBS-backed instance that is running or stopped (API reference)."""
    feasible: list[Order] = []
    refused: list[Taken] = []
    for order in orders:
        state = order.instance.state
        if order.instance.configuration.root_device_type != "ebs":
            refused.append(
                _told(order, Result.SKIPPED, "its root is an instance store: no AMI can be made")
            )
        elif not _has_root(order.instance.configuration):
            refused.append(
                _told(order, Result.SKIPPED, "its root volume is not attached: no AMI can be made")
            )
        elif state not in (InstanceState.RUNNING, InstanceState.STOPPED):
            refused.append(_told(order, Result.SKIPPED, f"it is {state.value}"))
        else:
            feasible.append(order)
    return feasible, tuple(refused)


def _has_root(configuration: Configuration) -> bool:
    return any(disk.device == configuration.root_device for disk in configuration.disks)


def _take_one(
    site: Site, order: Order, configuration: Configuration, before: PointRecord | None
) -> Taken:
    record = PointRecord(
        name=order.name,
        region=site.region.name,
        lineage=order.lineage,
        instance_id=order.instance.instance_id,
        kind=order.kind,
        at=order.at,
        retain=order.retain,
        stage=Stage.INTENDED,
        zone=order.zone,
        manifest=configuration.digest,
    )
    site.catalogue.put_points([record])
    tags, dropped = build_tags(_tags_of(order, site.deployment, configuration), order.instance.tags)
    request = ImageRequest(
        instance_id=order.instance.instance_id,
        name=order.name,
        description=f"Snapback {order.kind.value} recovery point of {order.instance.instance_id}",
        tags=tags,
        reboot=order.reboot,
        excluded=order.excluded,
    )
    try:
        image_id = site.region.images.create(request)
    except NameTakenError:
        return _adopt(site, order, record, before)
    site.catalogue.put_points([replace(record, stage=Stage.TAKEN, image_id=image_id)])
    note = f"{order.reason}; tags without room: {', '.join(dropped)}" if dropped else order.reason
    return _told(order, Result.DONE, note, image_id)


def _adopt(site: Site, order: Order, record: PointRecord, before: PointRecord | None) -> Taken:
    """An earlier try made the image: take it up, if it is ours in every respect.

    Its configuration was captured by that try; the row must name what its tags say. While
    EC2 does not show the image yet, the row of that try stands.
    """
    point = site.region.images.by_name(order.name)
    if point is None:
        if before is not None:
            site.catalogue.put_points([before])
        return _told(order, Result.PENDING, "an image of this name exists and is not visible yet")
    adopted = replace(
        record, stage=Stage.TAKEN, image_id=point.image_id, manifest=point.manifest,
        retain=point.retain,
    )  # fmt: skip
    reason = "; ".join(point.problems) or adopted.disagreement(point)
    if reason:
        return _told(order, Result.FAILED, f"{point.image_id} bears its name, but {reason}")
    site.catalogue.put_points([adopted])
    return _told(order, Result.ALREADY, "an earlier run took it", point.image_id)


def _tags_of(order: Order, deployment: str, configuration: Configuration) -> PointTags:
    return PointTags(
        deployment=deployment,
        lineage=order.lineage,
        instance_id=order.instance.instance_id,
        kind=order.kind,
        at=order.at,
        plans=order.plans,
        retain=order.retain,
        manifest=configuration.digest,
        change=order.key if order.kind is Kind.CHANGE else "",
        keep_until=keep_until(parse_retention(order.retain), order.at),
    )


def _capture(
    site: Site, orders: Sequence[Order], now: datetime
) -> tuple[dict[str, Configuration], list[Taken]]:
    """Every ordered instance's configuration, stored, and what failed; few single calls.

    User data can change only while an instance is stopped (ModifyInstanceAttribute), and
    a start changes the launch time; so an unchanged description of a running instance
    means unchanged user data, and its attributes are taken from the last manifest.
    """
    remembered = site.catalogue.instances(site.region.name)
    described = site.region.configurations.describe([o.instance for o in orders])
    captured: dict[str, Configuration] = {}
    failed: list[Taken] = []
    manifests: list[tuple[str, Configuration]] = []
    records: list[InstanceRecord] = []
    for order in orders:
        name = order.instance.instance_id
        before = remembered.get(name) or InstanceRecord(
            instance_id=name, region=site.region.name, lineage=order.lineage
        )
        fingerprint = digest((described[name], order.instance.launched_at), 32)
        try:
            known = _still_true(site.catalogue, before, order, fingerprint, now)
            whole = known or _whole(site.region, described[name], order)
        except SnapbackError as err:
            failed.append(_told(order, Result.FAILED, err.message))
            continue
        captured[name] = whole
        if known is None:
            manifests.append((order.lineage, whole))
            records.append(
                replace(before, fingerprint=fingerprint, manifest=whole.digest, read_at=now)
            )
    site.catalogue.put_manifests(manifests)
    site.catalogue.put_instances(records)
    return captured, failed


def _still_true(
    catalogue: Catalogue, before: InstanceRecord, order: Order, fingerprint: str, now: datetime
) -> Configuration | None:
    fresh = before.read_at is not None and now - before.read_at < _REREAD
    running = order.instance.state is InstanceState.RUNNING
    if not (fresh and running and before.fingerprint == fingerprint):
        return None
    known = catalogue.manifest(order.lineage, before.manifest)
    return None if known is None or known.unreadable else known


def _whole(region: Region, described: Configuration, order: Order) -> Configuration:
    attributes, unreadable = region.configurations.attributes(
        order.instance.instance_id, order.lineage
    )
    return replace(
        described, attributes=attributes, unreadable=(*described.unreadable, *unreadable)
    )


def _told(order: Order, result: Result, reason: str, image_id: str = "") -> Taken:
    details = {
        "lineage": order.lineage,
        "kind": order.kind.value,
        "name": order.name,
        "region": order.instance.region,
    }
    if image_id:
        details["image"] = image_id
    return Taken(
        outcome=Outcome(
            subject=order.instance.instance_id,
            action="backup",
            result=result,
            reason=reason,
            details=details,
        ),
        image_id=image_id,
    )
