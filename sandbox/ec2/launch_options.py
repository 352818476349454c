"""The options of a launch: checked, completed with EC2's defaults, kept as facts.

Sources: botocore's model, ``RunInstancesRequest`` and the shapes of its members; EC2 User
Guide "configuring-instance-metadata-options" (precedence: launch, then the image) and
"burstable-performance-instances".
"""

from collections.abc import Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES

from sandbox.clock import clock
from sandbox.ec2.image_model import Image
from sandbox.ec2.network_interface import seconds_only

Facts = dict[str, Any]
Request = Mapping[str, Any]

METADATA_CHOICES = {
    "HttpTokens": {"optional", "required"},
    "HttpEndpoint": {"enabled", "disabled"},
    "HttpProtocolIpv6": {"enabled", "disabled"},
    "InstanceMetadataTags": {"enabled", "disabled"},
}
MOST_HOPS = 64
CREDIT_OPTIONS = frozenset({"standard", "unlimited"})
UNLIMITED_BY_DEFAULT = ("t3.", "t3a.", "t4g.")
RESERVED_ONLY = "capacity-reservations-only"


def image_facts(image: Image) -> Facts:
    """What an instance takes over from its image."""
    traits = image.traits
    found: Facts = {
        "ImageId": image.id,
        "Architecture": traits.architecture,
        "RootDeviceName": traits.root_device_name,
        "RootDeviceType": image.root_device_type,
        "VirtualizationType": traits.virtualization_type,
        "Hypervisor": traits.hypervisor,
        "PlatformDetails": traits.platform_details,
        "UsageOperation": traits.usage_operation,
        "UsageOperationUpdateTime": seconds_only(clock.now()),
        "ProductCodes": [
            {"ProductCodeId": code, "ProductCodeType": "marketplace"}
            for code in traits.product_codes
        ],
    }
    optional = {
        "Platform": traits.platform,
        "EnaSupport": traits.ena_support,
        "SriovNetSupport": traits.sriov_net_support,
        "BootMode": traits.boot_mode,
        "TpmSupport": traits.tpm_support,
        "KernelId": traits.kernel_id,
        "RamdiskId": traits.ramdisk_id,
    }
    found.update({name: value for name, value in optional.items() if value is not None})
    uefi = (traits.boot_mode or "legacy-bios").startswith("uefi")
    found["CurrentInstanceBootMode"] = "uefi" if uefi else "legacy-bios"
    return found


def option_facts(request: Request, image: Image) -> Facts:
    """What an instance takes over from the request, complete with the defaults."""
    type_ = str(request["InstanceType"])
    found: Facts = {
        "InstanceType": type_,
        "EbsOptimized": bool(request.get("EbsOptimized")),
        "MetadataOptions": metadata_options(request.get("MetadataOptions") or {}, image),
        "CpuOptions": cpu_options(request.get("CpuOptions") or {}, type_),
        "HibernationOptions": {"Configured": _on(request, "HibernationOptions", "Configured")},
        "EnclaveOptions": {"Enabled": _on(request, "EnclaveOptions", "Enabled")},
        "MaintenanceOptions": {
            "AutoRecovery": _choice(
                request, "MaintenanceOptions", "AutoRecovery", {"default", "disabled"}
            ),
            "RebootMigration": "default",
        },
        "NetworkPerformanceOptions": {
            "BandwidthWeighting": _choice(
                request,
                "NetworkPerformanceOptions",
                "BandwidthWeighting",
                {"default", "vpc-1", "ebs-1"},
            )
        },
        "CapacityReservationSpecification": capacity_reservation(request),
    }
    if found["HibernationOptions"]["Configured"] and found["EnclaveOptions"]["Enabled"]:
        raise EC2ClientError(
            "InvalidParameterCombination",
            "Hibernation and Nitro Enclaves cannot both be enabled on an instance.",
        )
    _check_enclave(type_, enabled=found["EnclaveOptions"]["Enabled"])
    if request.get("LicenseSpecifications"):
        found["Licenses"] = [dict(each) for each in request["LicenseSpecifications"]]
    for name, sent in (("KernelId", "KernelId"), ("RamdiskId", "RamdiskId"), ("KeyName",) * 2):
        if request.get(sent):
            found[name] = request[sent]
    return found


def _check_enclave(type_: str, *, enabled: bool) -> None:
    """Only where the type's NitroEnclavesSupport says so [NV: the code]."""
    if enabled and INSTANCE_TYPES.get(type_, {}).get("NitroEnclavesSupport") == "unsupported":
        raise EC2ClientError(
            "InvalidParameterCombination",
            f"The instance type '{type_}' does not support Nitro Enclaves.",
        )


def metadata_options(wanted: Mapping[str, Any], image: Image | None = None) -> Facts:
    """``InstanceMetadataOptionsResponse``: an image with IMDS support v2.0 needs tokens."""
    check_metadata(wanted)
    v2_only = image is not None and image.traits.imds_support == "v2.0"
    return {
        "State": "applied",
        "HttpTokens": wanted.get("HttpTokens") or ("required" if v2_only else "optional"),
        "HttpPutResponseHopLimit": int(
            wanted.get("HttpPutResponseHopLimit") or (2 if v2_only else 1)
        ),
        "HttpEndpoint": wanted.get("HttpEndpoint") or "enabled",
        "HttpProtocolIpv6": wanted.get("HttpProtocolIpv6") or "disabled",
        "InstanceMetadataTags": wanted.get("InstanceMetadataTags") or "disabled",
    }


def check_metadata(wanted: Mapping[str, Any]) -> None:
    """Refuse values that the model does not list (``InvalidParameterValue``)."""
    for name, allowed in METADATA_CHOICES.items():
        if wanted.get(name) and wanted[name] not in allowed:
            raise _invalid(str(wanted[name]), f"metadataOptions.{name}")
    hops = wanted.get("HttpPutResponseHopLimit")
    if hops is not None and not 1 <= int(hops) <= MOST_HOPS:
        raise _invalid(str(hops), "metadataOptions.HttpPutResponseHopLimit")


def cpu_options(wanted: Mapping[str, Any], type_: str) -> Facts:
    """``CpuOptions``: cores and threads are given both or not at all."""
    info = INSTANCE_TYPES.get(type_, {}).get("VCpuInfo", {})
    cores, threads = wanted.get("CoreCount"), wanted.get("ThreadsPerCore")
    if (cores is None) != (threads is None):
        raise EC2ClientError(
            "MissingParameter",
            "CpuOptions needs both coreCount and threadsPerCore",
        )
    if cores is not None and int(cores) not in (
        info.get("ValidCores") or [info.get("DefaultCores")]
    ):
        raise _invalid(str(cores), "cpuOptions.coreCount")
    if threads is not None and int(threads) not in (info.get("ValidThreadsPerCore") or [1, 2]):
        raise _invalid(str(threads), "cpuOptions.threadsPerCore")
    found: Facts = {
        "CoreCount": int(cores or info.get("DefaultCores") or 1),
        "ThreadsPerCore": int(threads or info.get("DefaultThreadsPerCore") or 1),
    }
    return found | {
        name: wanted[name] for name in ("AmdSevSnp", "NestedVirtualization") if wanted.get(name)
    }


def credit_option(
    wanted: Mapping[str, Any] | None, type_: str, defaults: Mapping[str, str] | None = None
) -> str | None:
    """``standard`` or ``unlimited`` for a burstable type, ``None`` for the others.

    Without a wish it is the account's default for the family, else AWS's. [NV] the code
    for credits on a type that has none.
    """
    burstable = INSTANCE_TYPES.get(type_, {}).get("BurstablePerformanceSupported")
    asked = (wanted or {}).get("CpuCredits")
    if not burstable:
        if asked:
            raise EC2ClientError(
                "InvalidParameterCombination",
                f"The instance type '{type_}' does not support CreditSpecification.",
            )
        return None
    if asked and asked not in CREDIT_OPTIONS:
        raise _invalid(str(asked), "creditSpecification.cpuCredits")
    set_here = (defaults or {}).get(type_.partition(".")[0])
    by_aws = "unlimited" if type_.startswith(UNLIMITED_BY_DEFAULT) else "standard"
    return str(asked or set_here or by_aws)


def capacity_reservation(request: Request) -> Facts:
    """``CapacityReservationSpecificationResponse``; ``open`` without a wish."""
    wanted = request.get("CapacityReservationSpecification") or {}
    preference = wanted.get("CapacityReservationPreference")
    target = wanted.get("CapacityReservationTarget")
    if preference and target and preference != RESERVED_ONLY:
        raise EC2ClientError(
            "InvalidParameterCombination",
            "CapacityReservationPreference and CapacityReservationTarget can be given together "
            f"only when the preference is {RESERVED_ONLY}.",
        )
    if preference and preference not in {"open", "none", RESERVED_ONLY}:
        raise _invalid(str(preference), "capacityReservationPreference")
    found: Facts = {}
    if target:
        found["CapacityReservationTarget"] = dict(target)
    if preference or not target:
        found["CapacityReservationPreference"] = preference or "open"
    return found


def _on(request: Request, option: str, member: str) -> bool:
    return bool((request.get(option) or {}).get(member))


def _choice(request: Request, option: str, member: str, allowed: set[str]) -> str:
    value = str((request.get(option) or {}).get(member) or "default")
    if value not in allowed:
        raise _invalid(value, f"{option}.{member}")
    return value


def _invalid(value: str, name: str) -> EC2ClientError:
    return EC2ClientError(
        "InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid."
    )
