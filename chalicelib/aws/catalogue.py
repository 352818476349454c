"""The catalogue: points, manifests, instances, rollbacks and leases in one table.

| partition             | sort            | body                                   |
|-----------------------|-----------------|----------------------------------------|
| ``points#<region>``   | AMI name        | ``PointRecord``                        |
| ``manifest#<lineage>``| digest          | ``Configuration``                      |
| ``instances#<region>``| instance id     | ``InstanceRecord``                     |
| ``memory``            | region          | ``RegionMemory`` of expiry             |
| ``retained#<region>`` | time and name   | ``RetainChange``                       |
| ``rollback``          | rollback id     | ``Journal``                            |
| ``lease``             | lineage         | the rollback that holds the lineage    |
"""

from collections.abc import Sequence
from typing import TypeVar

from chalicelib.aws.table import Row, Table
from chalicelib.domain.canonical import from_json, to_json
from chalicelib.domain.configuration import Configuration
from chalicelib.domain.errors import NotFoundError, SnapbackError
from chalicelib.domain.instants import iso_second
from chalicelib.domain.records import InstanceRecord, PointRecord, RegionMemory, RetainChange
from chalicelib.domain.rollback.journal import Journal

T = TypeVar("T")


class Catalogue:
    """What is remembered, as values; a row that can not be read is named in the error."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def points(self, region: str) -> dict[str, PointRecord]:
        """Every point's row in *region*, by AMI name."""
        rows = self._table.query(f"points#{region}")
        return {row.sort: _read(PointRecord, row) for row in rows}

    def points_named(self, region: str, prefix: str) -> dict[str, PointRecord]:
        """The rows of *region* whose AMI name begins with *prefix*."""
        rows = self._table.query(f"points#{region}", prefix)
        return {row.sort: _read(PointRecord, row) for row in rows}

    def put_points(self, records: Sequence[PointRecord]) -> None:
        """Write these rows, whatever was there."""
        self._table.write([_point_row(record) for record in records])

    def forget_points(self, records: Sequence[PointRecord]) -> None:
        """Delete these rows; a missing one is fine."""
        self._table.write(gone=[(f"points#{r.region}", r.name) for r in records])

    def manifest(self, lineage: str, digest: str) -> Configuration | None:
        """The configuration captured under *digest*, or nothing if it was lost."""
        row = self._table.get(f"manifest#{lineage}", digest)
        return None if row is None else _read(Configuration, row)

    def put_manifests(self, captured: Sequence[tuple[str, Configuration]]) -> None:
        """Store configurations by lineage and digest; storing one again changes nothing."""
        self._table.write(
            [Row(f"manifest#{lineage}", c.digest, to_json(c)) for lineage, c in captured]
        )

    def instances(self, region: str) -> dict[str, InstanceRecord]:
        """Every remembered instance of *region*, by id."""
        rows = self._table.query(f"instances#{region}")
        return {row.sort: _read(InstanceRecord, row) for row in rows}

    def instance(self, region: str, instance_id: str) -> InstanceRecord | None:
        """What is remembered of one instance, if anything."""
        row = self._table.get(f"instances#{region}", instance_id)
        return None if row is None else _read(InstanceRecord, row)

    def put_instances(self, records: Sequence[InstanceRecord]) -> None:
        """Write these rows, whatever was there."""
        self._table.write(
            [Row(f"instances#{r.region}", r.instance_id, to_json(r)) for r in records]
        )

    def memory(self, region: str) -> RegionMemory | None:
        """What the last run of expiry in *region* left for the next, if there was one."""
        row = self._table.get("memory", region)
        return None if row is None else _read(RegionMemory, row)

    def put_memory(self, memory: RegionMemory) -> None:
        """Leave this for the next run."""
        self._table.write([Row("memory", memory.region, to_json(memory))])

    def put_retain_changes(self, changes: Sequence[RetainChange]) -> None:
        """Record changes of frozen retentions."""
        self._table.write(
            [
                Row(f"retained#{c.region}", f"{iso_second(c.at)} {c.name}", to_json(c))
                for c in changes
            ]
        )

    def retain_changes(self, region: str) -> tuple[RetainChange, ...]:
        """Every change of a frozen retention in *region*, oldest first."""
        return tuple(_read(RetainChange, row) for row in self._table.query(f"retained#{region}"))

    def leases(self) -> dict[str, str]:
        """The open rollback of each lineage that has one: one query when there are none."""
        return {row.sort: row.body for row in self._table.query("lease")}

    def open_journal(self, journal: Journal) -> None:
        """Record a new rollback and take its lineage's lease, both or neither.

        Raises ``ConflictError`` when the lineage has an open rollback already.
        """
        self._table.put_new(
            Row("rollback", journal.id, to_json(journal)), Row("lease", journal.lineage, journal.id)
        )

    def journal(self, rollback_id: str) -> tuple[Journal, int]:
        """A rollback's journal and its version; ``NotFoundError`` if there is none."""
        row = self._table.get("rollback", rollback_id)
        if row is None:
            raise NotFoundError(
                f"there is no rollback {rollback_id!r} in this catalogue",
                hint="`snapback rollback apply` printed its id; check --region too",
            )
        return _read(Journal, row), row.version

    def save_journal(self, journal: Journal, version: int) -> int:
        """Write the next version and return its number; a final state releases the lease.

        Raises ``ConflictError`` when another run wrote the journal since *version*.
        """
        row = Row("rollback", journal.id, to_json(journal), version)
        lease = None if journal.state.is_open else ("lease", journal.lineage)
        return self._table.replace(row, gone=lease).version

    def reopen_journal(self, journal: Journal, version: int) -> int:
        """Write a finished journal that is open again, and take the lease back."""
        row = Row("rollback", journal.id, to_json(journal), version)
        lease = Row("lease", journal.lineage, journal.id)
        return self._table.replace_and_add(row, lease).version

    def journals(self) -> tuple[Journal, ...]:
        """Every rollback ever recorded here, by id."""
        return tuple(_read(Journal, row) for row in self._table.query("rollback"))

    def ensure(self) -> bool:
        """Make the table if it is missing; false if it was there."""
        return self._table.create()

    def is_ready(self) -> bool:
        """Whether the table exists and answers."""
        return self._table.exists()


def _point_row(record: PointRecord) -> Row:
    return Row(f"points#{record.region}", record.name, to_json(record))


def _read(kind: "type[T]", row: Row) -> T:
    try:
        return from_json(kind, row.body)
    except (TypeError, KeyError, ValueError) as err:
        raise SnapbackError(
            f"the catalogue row {row.partition} / {row.sort} can not be read: {err}",
            hint="somebody edited it, or a newer version of Snapback wrote it",
        ) from err
