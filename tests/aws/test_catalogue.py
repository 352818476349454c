"""The catalogue: values in, the same values out; leases; rows that can not be read."""

from dataclasses import replace

import pytest

from chalicelib.aws.catalogue import Catalogue
from chalicelib.aws.session import Session
from chalicelib.aws.table import Row, Table
from chalicelib.domain.errors import ConflictError, NotFoundError, SnapbackError
from chalicelib.domain.records import InstanceRecord, Role
from chalicelib.domain.rollback.journal import RollbackState
from tests.aws.scenes import REGION
from tests.builders import NOON, WEB, configuration, journal, point_record, recovery_point


@pytest.fixture
def table(session: Session) -> Table:
    """The table under the catalogue."""
    return Table(session.dynamodb(REGION), "snapback")


@pytest.fixture
def catalogue(table: Table) -> Catalogue:
    """The sandbox's catalogue."""
    return Catalogue(table)


def test_points_are_kept_by_region_and_name(catalogue: Catalogue) -> None:
    """Snapshots, instants and stages survive the way through JSON."""
    here = point_record(recovery_point(), quarantined_at=NOON)
    there = replace(here, region="eu-north-1")
    catalogue.put_points([here, there])
    before = catalogue.points(here.region)
    catalogue.forget_points([here])
    catalogue.forget_points([here])

    assert before == {here.name: here}
    assert catalogue.points(here.region) == {}
    assert catalogue.points("eu-north-1") == {there.name: there}


def test_manifests_are_kept_by_lineage_and_digest(catalogue: Catalogue) -> None:
    """The same configuration of another machine is another manifest."""
    kept = configuration()
    catalogue.put_manifests([(WEB, kept)])
    catalogue.put_manifests([(WEB, kept)])

    assert catalogue.manifest(WEB, kept.digest) == kept
    assert catalogue.manifest("i-0fffffffffffffff0", kept.digest) is None
    assert catalogue.manifest(WEB, "another") is None


def test_instances_are_remembered(catalogue: Catalogue) -> None:
    """Their role is what says who speaks for a lineage."""
    record = InstanceRecord(
        instance_id=WEB, region=REGION, lineage=WEB, role=Role.SUPERSEDED, read_at=NOON
    )
    catalogue.put_instances([record])

    assert catalogue.instances(REGION) == {WEB: record}
    assert catalogue.instance(REGION, WEB) == record
    assert catalogue.instance("eu-north-1", WEB) is None


def test_a_lineage_has_one_open_rollback(catalogue: Catalogue) -> None:
    """The journal and its lease are written together or not at all."""
    first = journal("launch")
    second = replace(first, id="rb-second")
    catalogue.open_journal(first)
    with pytest.raises(ConflictError):
        catalogue.open_journal(second)

    assert catalogue.leases() == {first.lineage: first.id}
    assert catalogue.journal(first.id) == (first, 0)
    assert [j.id for j in catalogue.journals()] == [first.id]


def test_the_lease_goes_with_the_final_state_and_comes_back_with_an_undo(
    catalogue: Catalogue,
) -> None:
    """Only while a rollback is open does it hold its lineage."""
    running = journal("launch")
    catalogue.open_journal(running)
    version = catalogue.save_journal(running, 0)
    still = catalogue.leases()
    version = catalogue.save_journal(replace(running, state=RollbackState.DONE), version)
    released = catalogue.leases()
    undoing = replace(running, state=RollbackState.UNDOING)
    version = catalogue.reopen_journal(undoing, version)

    assert (still, released) == ({running.lineage: running.id}, {})
    assert catalogue.leases() == {running.lineage: running.id}
    assert catalogue.journal(running.id) == (undoing, version)


def test_a_journal_that_another_run_wrote_is_not_overwritten(catalogue: Catalogue) -> None:
    """The version that was read must be the version that is replaced."""
    running = journal("launch")
    catalogue.open_journal(running)
    catalogue.save_journal(running, 0)
    with pytest.raises(ConflictError):
        catalogue.save_journal(replace(running, reason="late"), 0)

    assert catalogue.journal(running.id)[0].reason == ""


def test_an_unknown_rollback_is_not_found(catalogue: Catalogue) -> None:
    """Exit code 4, with where its id came from."""
    with pytest.raises(NotFoundError, match="'rb-none'") as caught:
        catalogue.journal("rb-none")

    assert "--region" in caught.value.hint


@pytest.mark.parametrize(
    "body", ['{"name": 1}', "{}", "[]", '"text"', "no json", '{"stage": "melted"}']
)
def test_a_row_that_can_not_be_read_is_named(table: Table, catalogue: Catalogue, body: str) -> None:
    """Never skipped: a point whose row is unreadable must not look unknown."""
    table.write([Row(f"points#{REGION}", "snapback/x", body)])
    with pytest.raises(SnapbackError, match=f"points#{REGION} / snapback/x can not be read") as err:
        catalogue.points(REGION)

    assert "newer version" in err.value.hint


def test_the_table_is_made_when_it_is_missing(session: Session) -> None:
    """What `snapback setup` asks for."""
    catalogue = Catalogue(Table(session.dynamodb(REGION), "mine"))

    assert catalogue.is_ready() is False
    assert catalogue.ensure() is True
    assert catalogue.ensure() is False
    assert catalogue.is_ready() is True
