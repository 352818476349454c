"""The Amazon-owned public images that every region has, with the same id everywhere.

They live in Amazon's own account, as on AWS: a user finds them with
``Owners=["amazon"]``, launches from them, and owns neither them nor their snapshots.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ssm.models import Parameter, ssm_backends

from sandbox.ec2.image_model import Device, Image, Traits
from sandbox.ec2.licences import Licence
from sandbox.ec2.sharing import AMAZON
from sandbox.ec2.snapshot_model import EbsSnapshot, SourceVolume

PUBLISHED = datetime(2026, 11, 17, 20, 0, tzinfo=UTC)
SERVICES = frozenset({"autoscaling", "ec2", "ssm"})
PUBLIC = {"Group": "all"}
AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """One image to be found in every region."""

    id: str
    name: str
    description: str
    traits: Traits
    size: int = 8
    volume_type: str = "gp3"
    parameter: str
    """Where the SSM public parameter names it."""


LINUX = Base(
    id="ami-0abc0000000000001",
    name="al2023-ami-2023.9.20261117.1-kernel-6.1-x86_64",
    description="Amazon Linux 2023 AMI 2023.9.20261117.1 x86_64 HVM kernel-6.1",
    traits=Traits(root_device_name="/dev/xvda", boot_mode="uefi-preferred", imds_support="v2.0"),
    parameter="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
)
LINUX_SDA1 = Base(
    id="ami-0abc0000000000002",
    name="Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20261106",
    description="Ubuntu 22.04 with its root at /dev/sda1",
    traits=Traits(root_device_name="/dev/sda1", boot_mode="uefi-preferred"),
    parameter=(
        "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"
    ),
)
LINUX_ARM = Base(
    id="ami-0abc0000000000003",
    name="al2023-ami-2023.9.20261117.1-kernel-6.1-arm64",
    description="Amazon Linux 2023 AMI 2023.9.20261117.1 arm64 HVM kernel-6.1",
    traits=Traits(
        architecture="arm64", root_device_name="/dev/xvda", boot_mode="uefi", imds_support="v2.0"
    ),
    parameter="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
)
WINDOWS = Base(
    id="ami-0abc0000000000004",
    name="Windows_Server-2025-English-Full-Base-2026.11.12",
    description="Microsoft Windows Server 2025 Full Locale English AMI provided by Amazon",
    traits=Traits(
        root_device_name="/dev/sda1",
        platform="windows",
        platform_details="Windows",
        usage_operation="RunInstances:0002",
    ),
    size=30,
    volume_type="gp2",
    parameter="/aws/service/ami-windows-latest/Windows_Server-2025-English-Full-Base",
)
BASES = (LINUX, LINUX_SDA1, LINUX_ARM, WINDOWS)

_regions: set[str] = set()
_parameters: set[tuple[str, str]] = set()


def prepare(account: str, region: str, service: str) -> None:
    """Publish the images in *region* and name them in SSM, when they may first be looked for."""
    if service not in SERVICES or region not in ec2_backends[AMAZON]:
        return
    if region not in _regions:
        _regions.add(region)
        for base in BASES:
            publish(
                region,
                base.id,
                name=base.name,
                created=PUBLISHED,
                traits=base.traits,
                description=base.description,
                root_size=base.size,
                root_type=base.volume_type,
            )
    if service == "ssm" and (account, region) not in _parameters:
        _parameters.add((account, region))
        _name_in_ssm(account, region)


def publish(
    region: str,
    image_id: str,
    *,
    name: str,
    created: datetime,
    traits: Traits,
    description: str = "",
    root_size: int = 8,
    root_type: str = "gp2",
) -> Image:
    """A public image of Amazon's, its root device's snapshot included."""
    backend: Any = ec2_backends[AMAZON][region]
    mapping: tuple[Device, ...] = ()
    if traits.root_device_name:
        snapshot = _snapshot(backend, image_id, root_size, created, traits)
        mapping = (
            Device(
                name=traits.root_device_name,
                snapshot_id=snapshot.id,
                size=root_size,
                type=root_type,
                iops=3000 if root_type == "gp3" else None,
                throughput=125 if root_type == "gp3" else None,
                encrypted=False,
                delete_on_termination=True,
            ),
        )
    image = Image(
        ec2_backend=backend,
        id=image_id,
        name=name,
        owner_id=AMAZON,
        owner_alias="amazon",
        description=description,
        created=created,
        available_at=created,
        traits=traits,
        mapping=mapping,
        launch_permissions=[PUBLIC],
    )
    added: Image = backend.add_image(image)
    return added


def reset() -> None:
    """Forget where the images were published; the next use publishes them again."""
    _regions.clear()
    _parameters.clear()


def _snapshot(
    backend: Any,  # noqa: ANN401
    image_id: str,
    size: int,
    created: datetime,
    traits: Traits,
) -> EbsSnapshot:
    snapshot = EbsSnapshot(
        ec2_backend=backend,
        id=image_id.replace("ami-", "snap-", 1),
        volume=SourceVolume("vol-ffffffff", size),
        description=f"Created for {image_id}",
        start_time=created,
        completes_at=created,
        owner_id=AMAZON,
        owner_alias="amazon",
        from_ami=image_id,
        licence=Licence(tuple(traits.product_codes), traits.usage_operation),
        create_volume_permission_groups={"all"},
    )
    backend.snapshots[snapshot.id] = snapshot
    return snapshot


def _name_in_ssm(account: str, region: str) -> None:
    """SSM User Guide, "Calling AMI public parameters": the latest image, by a fixed name."""
    known = ssm_backends[account][region]._parameters
    known._check_loading_status(LINUX.parameter)
    for name, versions in dict.items(known):
        if name.startswith(AMAZON_LINUX) and versions:
            # moto's own values are images that exist nowhere here
            versions[-1].value = LINUX_ARM.id if "arm64" in name else LINUX.id
    for base in BASES:
        known[base.parameter] = [
            Parameter(  # type: ignore[abstract]
                account_id=account,
                name=base.parameter,
                value=base.id,
                parameter_type="String",
                description=None,
                allowed_pattern=None,
                keyid=None,
                last_modified_date=PUBLISHED,
                version=1,
                data_type="text",
            )
        ]
