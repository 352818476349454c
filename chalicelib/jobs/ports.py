"""What the jobs need from the outside world, as Protocols that ``aws`` fulfils.

Every method may raise ``AwsError`` or one of its kinds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.configuration import Attributes, Configuration, ElasticAddress, Target
from chalicelib.domain.health import InstanceHealth
from chalicelib.domain.image import DeleteCode, ImageRequest, OwnedSnapshot, SnapshotState
from chalicelib.domain.instance import Instance
from chalicelib.domain.launch import LaunchRequest
from chalicelib.domain.records import InstanceRecord, PointRecord, RegionMemory, RetainChange
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.domain.rollback.journal import Journal
from chalicelib.domain.target_group import TargetHealth
from chalicelib.jobs.ports_storage import Blocks, Snapshots


class Instances(Protocol):
    """Reading instances."""

    def tagged(self, key: str) -> tuple[Instance, ...]:
        """Every instance that carries the tag *key*, in any state."""
        ...

    def resembling(self, key: str) -> tuple[Instance, ...]:
        """Instances whose tag key looks like a slip for *key*."""
        ...

    def find(self, instance_ids: Sequence[str]) -> tuple[Instance, ...]:
        """Those of *instance_ids* that exist."""
        ...

    def launched_with(self, token: str) -> Instance | None:
        """The instance launched with this client token, if any."""
        ...

    def using_images(self, image_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The instances launched from each image, terminated ones left out."""
        ...


class Images(Protocol):
    """Recovery points as images: reading and changing them."""

    def points(self) -> tuple[RecoveryPoint, ...]:
        """Every image that says it is a recovery point of this deployment."""
        ...

    def by_name(self, name: str) -> RecoveryPoint | None:
        """The image of this account that bears *name*, if it is visible yet."""
        ...

    def snapshot_states(self, snapshot_ids: Sequence[str]) -> dict[str, SnapshotState]:
        """How the snapshots stand; one that does not exist is absent."""
        ...

    def references(self, image_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """What refers to each image (launch templates, parameters, instances), as ARNs."""
        ...

    def shared_with(self, image_id: str, snapshot_ids: Sequence[str]) -> tuple[str, ...]:
        """Who else may launch the image or read its snapshots."""
        ...

    def snapshots_shared_with(self, snapshot_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Who else may read each snapshot, where anybody may; one that is gone is absent."""
        ...

    def locked_snapshots(self) -> frozenset[str]:
        """The snapshots that are locked."""
        ...

    def marked_snapshots(self) -> tuple[OwnedSnapshot, ...]:
        """Every snapshot that bears this deployment's mark."""
        ...

    def images_using(self, snapshot_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each snapshot, the images of this account that are built on it, ours or not."""
        ...

    def create(self, request: ImageRequest) -> str:
        """Create an image, return its id; ``NameTakenError`` if the name is in use."""
        ...

    def tag(self, resource_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Set tags on images and snapshots."""
        ...

    def untag(self, resource_ids: Sequence[str], keys: Sequence[str]) -> None:
        """Remove tags."""
        ...

    def disable(self, image_id: str) -> bool:
        """Disable an image; false if it is gone."""
        ...

    def enable(self, image_id: str) -> None:
        """Enable a disabled image."""
        ...

    def deregister(self, image_id: str) -> dict[str, DeleteCode] | None:
        """Deregister with its snapshots: a code for each; ``None`` if it was gone already."""
        ...

    def delete_snapshot(self, snapshot_id: str) -> bool:
        """Delete one snapshot; false if it is gone; ``InUseError`` if an image needs it."""
        ...


class Launchers(Protocol):
    """What launches instances by itself."""

    def images(self) -> dict[str, tuple[str, ...]]:
        """Every image that launch configurations and Auto Scaling groups name, and which do."""
        ...


class Configurations(Protocol):
    """Capturing what an instance is."""

    def describe(self, instances: Sequence[Instance]) -> dict[str, Configuration]:
        """What bulk describes tell, by instance id."""
        ...

    def attributes(self, instance_id: str, lineage: str) -> tuple[Attributes, tuple[str, ...]]:
        """What only single calls tell, and what of it could not be read."""
        ...

    def user_data(self, instance_id: str) -> str:
        """The instance's user data, base64. Never log it."""
        ...

    def missing(self, configuration: Configuration) -> tuple[str, ...]:
        """What the configuration names and EC2 no longer has, each as a sentence."""
        ...


class Machines(Protocol):
    """Changing instances."""

    def launch(self, request: LaunchRequest, user_data: str) -> str:
        """Launch one instance; the same token gives the same instance."""
        ...

    def health(self, instance_id: str) -> InstanceHealth:
        """Its status checks."""
        ...

    def stop(self, instance_id: str) -> None:
        """Ask it to stop."""
        ...

    def start(self, instance_id: str) -> None:
        """Ask it to start."""
        ...

    def terminate(self, instance_id: str) -> bool:
        """Terminate an instance that Snapback launched; false if gone."""
        ...

    def protect(self, instance_id: str, *, stop: bool, terminate: bool) -> None:
        """Set both API protections."""
        ...

    def allow_stop(self, instance_id: str, *, allowed: bool) -> None:
        """Lift the stop protection or put it back."""
        ...

    def set_source_dest_check(self, interface_id: str, *, checked: bool) -> None:
        """Set the source/destination check of an interface."""
        ...

    def set_maintenance(self, instance_id: str, *, reboot_migration: str) -> None:
        """Set RebootMigration."""
        ...

    def delete_volumes_at_termination(self, instance_id: str, devices: Sequence[str]) -> None:
        """Let these devices' volumes go with the instance."""
        ...

    def tag(self, resource_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Set tags on instances and volumes."""
        ...


class Addresses(Protocol):
    """Elastic IPs."""

    def find(self, allocation_id: str) -> ElasticAddress | None:
        """Where the address stands now."""
        ...

    def associate(self, allocation_id: str, interface_id: str, private_ip: str) -> str:
        """Put a free address on a private address."""
        ...

    def disassociate(self, association_id: str) -> bool:
        """Take it off; false if that association is gone."""
        ...


class TargetGroups(Protocol):
    """Load-balancer target groups."""

    def health(self, targets: Sequence[Target]) -> dict[Target, TargetHealth]:
        """How each target fares; an unregistered one, or one of a group that is gone, is absent."""
        ...

    def register(self, target: Target) -> None:
        """Register a target; ``MissingError`` if the group is gone."""
        ...

    def deregister(self, target: Target) -> bool:
        """Deregister a target, which then drains; false if the group is gone."""
        ...


class Vault(Protocol):
    """Secrets that were stored encrypted."""

    def unseal(self, lineage: str, sealed: str) -> bytes:
        """What was sealed for *lineage*."""
        ...


class Catalogue(Protocol):
    """What is remembered."""

    def points(self, region: str) -> dict[str, PointRecord]:
        """Every point's row, by AMI name."""
        ...

    def points_named(self, region: str, prefix: str) -> dict[str, PointRecord]:
        """The rows of points whose AMI name begins with *prefix*."""
        ...

    def put_points(self, records: Sequence[PointRecord]) -> None:
        """Write rows."""
        ...

    def forget_points(self, records: Sequence[PointRecord]) -> None:
        """Delete rows."""
        ...

    def manifest(self, lineage: str, digest: str) -> Configuration | None:
        """The configuration captured under *digest*."""
        ...

    def put_manifests(self, captured: Sequence[tuple[str, Configuration]]) -> None:
        """Store configurations by lineage."""
        ...

    def instances(self, region: str) -> dict[str, InstanceRecord]:
        """Every remembered instance."""
        ...

    def instance(self, region: str, instance_id: str) -> InstanceRecord | None:
        """One remembered instance."""
        ...

    def put_instances(self, records: Sequence[InstanceRecord]) -> None:
        """Write rows."""
        ...

    def memory(self, region: str) -> RegionMemory | None:
        """What the last run of expiry left for the next."""
        ...

    def put_memory(self, memory: RegionMemory) -> None:
        """Write it."""
        ...

    def put_retain_changes(self, changes: Sequence[RetainChange]) -> None:
        """Record who changes which frozen retention; nothing ever deletes these."""
        ...

    def retain_changes(self, region: str) -> tuple[RetainChange, ...]:
        """Every change of a frozen retention, oldest first."""
        ...

    def leases(self) -> dict[str, str]:
        """The open rollback of each lineage that has one."""
        ...

    def open_journal(self, journal: Journal) -> None:
        """Record a new rollback and take the lease; ``ConflictError`` if it is taken."""
        ...

    def journal(self, rollback_id: str) -> tuple[Journal, int]:
        """A journal and its version; ``NotFoundError`` if there is none."""
        ...

    def save_journal(self, journal: Journal, version: int) -> int:
        """Write the next version; ``ConflictError`` if another run did."""
        ...

    def reopen_journal(self, journal: Journal, version: int) -> int:
        """Write a journal that is open again and take the lease back."""
        ...

    def journals(self) -> tuple[Journal, ...]:
        """Every rollback ever recorded."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One region of the account: everything that a job may do there."""

    name: str
    instances: Instances
    images: Images
    snapshots: Snapshots
    blocks: Blocks
    launchers: Launchers
    configurations: Configurations
    machines: Machines
    addresses: Addresses
    targets: TargetGroups


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One region, the catalogue that remembers it and the deployment that owns its points."""

    region: Region
    catalogue: Catalogue
    deployment: str
