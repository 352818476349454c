"""Making the catalogue, and taking up points that a new or rebuilt one does not know."""

from collections.abc import Iterable
from dataclasses import replace

from chalicelib.domain.records import PointRecord, Stage
from chalicelib.domain.recovery_point import RecoveryPoint, State
from chalicelib.domain.report import Outcome, Result, RunReport
from chalicelib.jobs.inventory import UNKNOWN, take_inventory
from chalicelib.jobs.ports import Site


def run(sites: Iterable[Site]) -> RunReport:
    """Take up every image that is ours in all respects but that the catalogue lost.

    Their manifests are lost with the old catalogue and reported so; they can be rolled
    back to with the present configuration. This is an operator's decision: no scheduled
    run ever trusts an image on its tags alone.
    """
    outcomes: list[Outcome] = []
    for site in sites:
        inventory = take_inventory(site.region, site.catalogue)
        strangers = [p for p in inventory.points if p.problems == (UNKNOWN,)]
        site.catalogue.put_points([_row(p) for p in strangers])
        outcomes += [_told(site, p) for p in strangers]
    return RunReport(tuple(outcomes))


def _row(point: RecoveryPoint) -> PointRecord:
    """A row like the one that was lost; a tick seals it, except what is in quarantine."""
    quarantined = point.state is State.QUARANTINED
    row = PointRecord(
        name=point.name,
        region=point.region,
        lineage=point.lineage,
        instance_id=point.instance_id,
        kind=point.kind,
        at=point.at,
        retain=point.retain,
        stage=Stage.QUARANTINED if quarantined else Stage.TAKEN,
        image_id=point.image_id,
        manifest=point.manifest,
        snapshots=point.snapshots,
        quarantined_at=point.quarantined_at,
    )
    return replace(row, seal=row.seal_of(point)) if quarantined else row


def _told(site: Site, point: RecoveryPoint) -> Outcome:
    known = site.catalogue.manifest(point.lineage, point.manifest) is not None
    return Outcome(
        subject=point.image_id,
        action="take up",
        result=Result.DONE,
        reason="known again" if known else "known again; its manifest is lost",
        details={"lineage": point.lineage, "name": point.name, "region": point.region},
    )
