"""What each EBS volume type allows: size, IOPS and throughput.

Source: botocore's model, ``CreateVolumeRequest`` (Size, Iops, Throughput), and EBS
User Guide, "Amazon EBS volume types" (ratios, gp2's baseline).
"""

from dataclasses import dataclass

from moto.ec2.exceptions import EC2ClientError

from sandbox.ec2.errors import combination, invalid_value

GP3_IOPS = 3000
GP3_THROUGHPUT = 125
DEFAULT_TYPE = "gp2"
INITIALIZATION_RATES = (100, 300)


@dataclass(frozen=True, slots=True)
class VolumeType:
    """The limits of one type; a range that is missing may not be asked for."""

    sizes: tuple[int, int]
    iops: tuple[int, int] | None = None
    iops_per_gib: int = 0
    iops_required: bool = False
    throughputs: tuple[int, int] | None = None


VOLUME_TYPES = {
    "gp2": VolumeType((1, 16_384)),
    "gp3": VolumeType((1, 65_536), (3_000, 80_000), 500, throughputs=(125, 2_000)),
    "io1": VolumeType((4, 16_384), (100, 64_000), 50, iops_required=True),
    "io2": VolumeType((4, 65_536), (100, 256_000), 1_000, iops_required=True),
    "st1": VolumeType((125, 16_384)),
    "sc1": VolumeType((125, 16_384)),
    "standard": VolumeType((1, 1_024)),
}


@dataclass(frozen=True, slots=True)
class Performance:
    """A type, a size and what it is provisioned for, complete with the defaults."""

    type: str
    size: int
    iops: int | None
    throughput: int | None


def performance(
    type_: str | None, size: int, iops: int | None, throughput: int | None
) -> Performance:
    """Check a request against its type and fill in the type's defaults.

    The codes are the ones EC2 is known to use for RunInstances and CreateVolume; which
    of ``InvalidParameterValue`` and ``InvalidParameterCombination`` is [NV].
    """
    name = type_ or DEFAULT_TYPE
    kind = VOLUME_TYPES.get(name)
    if kind is None:
        raise EC2ClientError(
            "UnknownVolumeType", f"Unsupported volume type '{name}' for volume creation."
        )
    _check_size(name, kind, size)
    _check_iops(name, kind, size, iops)
    _check_throughput(name, kind, iops, throughput)
    return Performance(
        name,
        size,
        iops or default_iops(name, size),
        throughput or (GP3_THROUGHPUT if name == "gp3" else None),
    )


def check_initialization(rate: int | None, *, has_snapshot: bool) -> None:
    """100 to 300 MiB/s, and only for what is made of a snapshot.

    Source: botocore's model, CreateVolumeRequest.VolumeInitializationRate; the codes are [NV].
    """
    if rate is None:
        return
    if not has_snapshot:
        raise combination(
            "The parameter VolumeInitializationRate is only supported for volumes created from "
            "snapshots."
        )
    least, most = INITIALIZATION_RATES
    if not least <= rate <= most:
        raise invalid_value(
            f"Volume initialization rate of {rate} MiB/s is out of range; it must be between "
            f"{least} and {most} MiB/s."
        )


def default_iops(name: str, size: int) -> int | None:
    """What a volume has when nobody asks: gp3's floor, gp2's baseline of 3 a GiB."""
    if name == "gp3":
        return GP3_IOPS
    if name == "gp2":
        return min(max(100, 3 * size), 16_000)
    return None


def _check_size(name: str, kind: VolumeType, size: int) -> None:
    least, most = kind.sizes
    if size < least:
        raise invalid_value(
            f"Volume of {size}GiB is too small for volume type {name}; minimum is {least}GiB."
        )
    if size > most:
        raise invalid_value(
            f"Volume of {size}GiB is too large for volume type {name}; maximum is {most}GiB."
        )


def _check_iops(name: str, kind: VolumeType, size: int, iops: int | None) -> None:
    if iops is None:
        if kind.iops_required:
            raise EC2ClientError(
                "MissingParameter", f"The parameter iops must be specified for {name} volumes."
            )
        return
    if kind.iops is None:
        raise combination(f"The parameter iops is not supported for {name} volumes.")
    least, most = kind.iops
    if iops < least:
        raise invalid_value(f"Volume iops of {iops} is too low; minimum is {least}.")
    if iops > most:
        raise invalid_value(f"Volume iops of {iops} is too high; maximum is {most}.")
    if iops > least and iops > size * kind.iops_per_gib:
        ratio = iops / size
        raise invalid_value(
            f"Iops to volume size ratio of {ratio:.1f} is too high; maximum is {kind.iops_per_gib}."
        )


def _check_throughput(
    name: str, kind: VolumeType, iops: int | None, throughput: int | None
) -> None:
    if throughput is None:
        return
    if kind.throughputs is None:
        raise combination(f"The parameter throughput is not supported for {name} volumes.")
    least, most = kind.throughputs
    if not least <= throughput <= most:
        raise invalid_value(
            f"Volume throughput of {throughput} MiB/s is out of range; "
            f"it must be between {least} and {most} MiB/s."
        )
    if throughput * 4 > (iops or GP3_IOPS):
        raise invalid_value(
            f"Throughput (MiBps) to iops ratio of {throughput / (iops or GP3_IOPS):.3f} "
            "is too high; maximum is 0.25."
        )
