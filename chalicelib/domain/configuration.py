"""An instance's configuration: what a recovery point's manifest holds and a relaunch repeats.

The fields are the ``launch``, ``post``, ``conflict`` and ``policy`` rows of
``fidelity.csv`` that this version restores. User data is never among them in the
clear: only its digest, its length and, where a KMS key is configured, its ciphertext.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chalicelib.domain.canonical import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """One attached EBS volume (DescribeVolumes)."""

    device: str
    volume_id: str
    size_gib: int = 0
    volume_type: str = ""
    iops: int | None = None
    throughput: int | None = None
    """MiB/s, gp3 only."""
    encrypted: bool = False
    kms_key_id: str = ""
    delete_on_termination: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One network interface; ``private_ips[0]`` is its primary address."""

    interface_id: str
    device_index: int
    network_card_index: int = 0
    subnet_id: str = ""
    private_ips: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    source_dest_check: bool = True
    description: str = ""
    delete_on_termination: bool = True
    interface_type: str = "interface"
    auto_public_ip: str = ""
    """Assigned by EC2 from its own pool: lost at every stop, restorable by nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticAddress:
    """An Elastic IP and the private address that it stands on."""

    allocation_id: str
    association_id: str
    public_ip: str
    interface_id: str
    private_ip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One registration in a target group, by instance id or by private address."""

    group_arn: str
    target_id: str
    port: int
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Instance metadata options; all five are always sent, or account defaults would apply."""

    tokens: str = "optional"
    hop_limit: int = 1
    endpoint: str = "enabled"
    ipv6: str = "disabled"
    instance_tags: str = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the instance runs."""

    zone: str
    tenancy: str = "default"
    group: str = ""
    partition: int | None = None
    host_id: str = ""
    affinity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserData:
    """User data without its content."""

    digest: str = ""
    length: int = 0
    sealed: str = ""
    """Ciphertext (base64 chunks, KMS) when a key is configured, else empty: not stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What only DescribeInstanceAttribute tells, one call each."""

    api_termination_disabled: bool = False
    api_stop_disabled: bool = False
    shutdown_behavior: str = "stop"
    user_data: UserData = UserData()


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything about one instance that a relaunch has to repeat."""

    instance_id: str
    image_id: str
    instance_type: str
    placement: Placement
    architecture: str = "x86_64"
    vpc_id: str = ""
    key_name: str = ""
    profile_arn: str = ""
    monitoring: bool = False
    ebs_optimized: bool = False
    root_device: str = ""
    root_device_type: str = "ebs"
    lifecycle: str = ""
    platform: str = ""
    core_count: int | None = None
    threads_per_core: int | None = None
    credit: str = ""
    hibernation: bool = False
    enclave: bool = False
    auto_recovery: str = ""
    reboot_migration: str = ""
    hostname_type: str = ""
    resource_name_a: bool = False
    resource_name_aaaa: bool = False
    capacity_preference: str = ""
    capacity_reservation_id: str = ""
    bandwidth_weighting: str = ""
    licenses: tuple[str, ...] = ()
    metadata: Metadata = Metadata()
    tags: Mapping[str, str] = field(default_factory=dict)
    disks: tuple[Disk, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    addresses: tuple[ElasticAddress, ...] = ()
    targets: tuple[Target, ...] = ()
    attributes: Attributes = Attributes()
    unreadable: tuple[str, ...] = ()
    """Parts that could not be read when this was captured, each with AWS's reason."""

    @property
    def digest(self) -> str:
        """Names exactly this configuration; the tag ``snapback:manifest`` carries it.

        Ciphertext differs each time the same secret is sealed, so it does not count.
        """
        return digest(self.without_secrets(), 32)

    def without_secrets(self) -> "Configuration":
        """The same without sealed user data: what plans, journals and people get to see."""
        bare = replace(self.attributes.user_data, sealed="")
        return replace(self, attributes=replace(self.attributes, user_data=bare))

    @property
    def primary(self) -> Interface | None:
        """The interface at device index 0; none in a recording that lost it."""
        return next((i for i in self.interfaces if i.device_index == 0), None)
