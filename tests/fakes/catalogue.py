"""The catalogue as values in memory, with the conditional writes of the real one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.domain.configuration import Configuration
from chalicelib.domain.errors import ConflictError, NotFoundError
from chalicelib.domain.records import InstanceRecord, PointRecord, RegionMemory, RetainChange
from chalicelib.domain.rollback.journal import Journal
from tests.fakes.wire import Wire, port


def _conflict() -> ConflictError:
    return ConflictError(
        "use the catalogue table snapback", "TransactionCanceledException", "a condition failed"
    )


@dataclass(slots=True)
class FakeCatalogue:
    """``ports.Catalogue``."""

    wire: Wire
    rows: dict[tuple[str, str], PointRecord] = field(default_factory=dict)
    manifests: dict[tuple[str, str], Configuration] = field(default_factory=dict)
    machines: dict[tuple[str, str], InstanceRecord] = field(default_factory=dict)
    rollbacks: dict[str, tuple[Journal, int]] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    memories: dict[str, RegionMemory] = field(default_factory=dict)
    changed: list[RetainChange] = field(default_factory=list)

    @property
    def region(self) -> str:
        """It is one for all regions."""
        return ""

    @port("catalogue.points")
    def points(self, region: str) -> dict[str, PointRecord]:
        """Rows of a region, by name."""
        return {name: row for (where, name), row in sorted(self.rows.items()) if where == region}

    @port("catalogue.points_named")
    def points_named(self, region: str, prefix: str) -> dict[str, PointRecord]:
        """Rows of a region, by the beginning of their names."""
        return {
            name: row
            for (where, name), row in sorted(self.rows.items())
            if where == region and name.startswith(prefix)
        }

    @port("catalogue.memory")
    def memory(self, region: str) -> RegionMemory | None:
        """What the last run left."""
        return self.memories.get(region)

    @port("catalogue.put_memory", changes=True)
    def put_memory(self, memory: RegionMemory) -> None:
        """For the next run."""
        self.memories[memory.region] = memory

    @port("catalogue.put_retain_changes", changes=True)
    def put_retain_changes(self, changes: Sequence[RetainChange]) -> None:
        """For the auditor."""
        self.changed += changes

    @port("catalogue.retain_changes")
    def retain_changes(self, region: str) -> tuple[RetainChange, ...]:
        """What an auditor reads."""
        return tuple(c for c in self.changed if c.region == region)

    @port("catalogue.put_points", changes=True)
    def put_points(self, records: Sequence[PointRecord]) -> None:
        """Write rows."""
        self.rows.update({(r.region, r.name): r for r in records})

    @port("catalogue.forget_points", changes=True)
    def forget_points(self, records: Sequence[PointRecord]) -> None:
        """Delete rows; a missing one is fine."""
        for record in records:
            self.rows.pop((record.region, record.name), None)

    @port("catalogue.manifest")
    def manifest(self, lineage: str, digest: str) -> Configuration | None:
        """One manifest."""
        return self.manifests.get((lineage, digest))

    @port("catalogue.put_manifests", changes=True)
    def put_manifests(self, captured: Sequence[tuple[str, Configuration]]) -> None:
        """Store manifests by their digest."""
        self.manifests.update({(lineage, c.digest): c for lineage, c in captured})

    @port("catalogue.instances")
    def instances(self, region: str) -> dict[str, InstanceRecord]:
        """Rows of a region, by id."""
        found = sorted(self.machines.items())
        return {name: row for (where, name), row in found if where == region}

    @port("catalogue.instance")
    def instance(self, region: str, instance_id: str) -> InstanceRecord | None:
        """One row."""
        return self.machines.get((region, instance_id))

    @port("catalogue.put_instances", changes=True)
    def put_instances(self, records: Sequence[InstanceRecord]) -> None:
        """Write rows."""
        self.machines.update({(r.region, r.instance_id): r for r in records})

    @port("catalogue.leases")
    def leases(self) -> dict[str, str]:
        """The open rollbacks."""
        return dict(self.held)

    @port("catalogue.open_journal", changes=True)
    def open_journal(self, journal: Journal) -> None:
        """Journal and lease, both new, or neither."""
        if journal.id in self.rollbacks or journal.lineage in self.held:
            raise _conflict()
        self.rollbacks[journal.id] = (journal, 0)
        self.held[journal.lineage] = journal.id

    @port("catalogue.journal")
    def journal(self, rollback_id: str) -> tuple[Journal, int]:
        """A journal and its version."""
        if rollback_id not in self.rollbacks:
            raise NotFoundError(f"there is no rollback {rollback_id!r} in this catalogue")
        return self.rollbacks[rollback_id]

    @port("catalogue.save_journal", changes=True)
    def save_journal(self, journal: Journal, version: int) -> int:
        """The next version, if nobody wrote since; a final state gives the lease back."""
        following = self._replaced(journal, version)
        if not journal.state.is_open:
            self.held.pop(journal.lineage, None)
        return following

    @port("catalogue.reopen_journal", changes=True)
    def reopen_journal(self, journal: Journal, version: int) -> int:
        """The next version and the lease, both or neither."""
        if journal.lineage in self.held:
            raise _conflict()
        following = self._replaced(journal, version)
        self.held[journal.lineage] = journal.id
        return following

    @port("catalogue.journals")
    def journals(self) -> tuple[Journal, ...]:
        """Every rollback."""
        return tuple(journal for journal, _ in self.rollbacks.values())

    def _replaced(self, journal: Journal, version: int) -> int:
        held = self.rollbacks.get(journal.id)
        if held is None or held[1] != version:
            raise _conflict()
        self.rollbacks[journal.id] = (journal, version + 1)
        return version + 1
