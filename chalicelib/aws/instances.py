"""Reading instances: DescribeInstances in, ``Instance`` out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.aws.errors import translated
from chalicelib.domain.configuration import Configuration, Disk, Interface, Metadata, Placement
from chalicelib.domain.instance import Instance, InstanceState

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import (
        FilterTypeDef,
        InstanceNetworkInterfaceTypeDef,
        InstanceTypeDef,
        TagTypeDef,
    )

_PAGE = 1000
_FILTER_VALUES = 200
"""EC2 takes at most 200 values in one filter (User Guide, filtering resources)."""


class InstanceReader:
    """The instances of one region."""

    def __init__(self, client: "EC2Client", region: str) -> None:
        self._client = client
        self._region = region

    def tagged(self, key: str) -> tuple[Instance, ...]:
        """Every instance that carries the tag *key*, whatever its value or state."""
        return tuple(self._described(f"list instances tagged {key}", "tag-key", [key]))

    def resembling(self, key: str) -> tuple[Instance, ...]:
        """Instances with a tag key that differs from *key* in case or by a trailing slip.

        EC2's tag filters are case-sensitive but take wildcards, so a typo is found
        here and reported instead of silently meaning "not backed up".
        """
        patterns = sorted({f"{key}?", f"{key[:-1]}", key.title(), key.upper(), key.capitalize()})
        return tuple(self._described(f"look for tags like {key}", "tag-key", patterns))

    def find(self, instance_ids: Sequence[str]) -> tuple[Instance, ...]:
        """Those of *instance_ids* that exist; asking by filter, one bad id spoils no batch."""
        found: list[Instance] = []
        for start in range(0, len(instance_ids), _FILTER_VALUES):
            chunk = list(instance_ids[start : start + _FILTER_VALUES])
            found += self._described("look up instances", "instance-id", chunk)
        return tuple(found)

    def launched_with(self, token: str) -> Instance | None:
        """The instance that was launched with the client token *token*, if any."""
        return next(self._described("find the launch", "client-token", [token]), None)

    def using_images(self, image_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """For each image, the instances (in any state but terminated) launched from it."""
        users: dict[str, tuple[str, ...]] = {}
        wanted = sorted(set(image_ids))
        for start in range(0, len(wanted), _FILTER_VALUES):
            chunk = wanted[start : start + _FILTER_VALUES]
            for instance in self._described("find out which images are in use", "image-id", chunk):
                if instance.state is not InstanceState.TERMINATED:
                    image = instance.configuration.image_id
                    users[image] = (*users.get(image, ()), instance.instance_id)
        return users

    def _described(self, doing: str, name: str, values: list[str]) -> Iterator[Instance]:
        filters: list[FilterTypeDef] = [{"Name": name, "Values": values}]
        paginator = self._client.get_paginator("describe_instances")
        with translated(f"{doing} in {self._region}"):
            for page in paginator.paginate(Filters=filters, PaginationConfig={"PageSize": _PAGE}):
                for reservation in page["Reservations"]:
                    for described in reservation.get("Instances", []):
                        yield read_instance(described, self._region)


def read_instance(described: "InstanceTypeDef", region: str) -> Instance:
    """One DescribeInstances answer as our value; absent members take EC2's defaults."""
    tags = read_tags(described.get("Tags", []))
    reason = described.get("StateReason", {})
    operator = described.get("Operator", {})
    return Instance(
        instance_id=described["InstanceId"],
        region=region,
        state=InstanceState(described["State"]["Name"]),
        launched_at=described["LaunchTime"],
        state_reason=": ".join(filter(None, (reason.get("Code"), reason.get("Message")))),
        managed_by=operator.get("Principal", "an AWS service") if operator.get("Managed") else "",
        scaling_group=tags.get("aws:autoscaling:groupName", ""),
        configuration=_configuration(described, tags),
    )


def read_tags(tags: "Sequence[TagTypeDef]") -> dict[str, str]:
    """A list of Key/Value pairs as a mapping."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


def _configuration(described: "InstanceTypeDef", tags: Mapping[str, str]) -> Configuration:
    cpu = described.get("CpuOptions", {})
    names = described.get("PrivateDnsNameOptions", {})
    capacity = described.get("CapacityReservationSpecification", {})
    maintenance = described.get("MaintenanceOptions", {})
    return Configuration(
        instance_id=described["InstanceId"],
        image_id=described.get("ImageId", ""),
        instance_type=described.get("InstanceType", ""),
        placement=_placement(described),
        architecture=described.get("Architecture", "x86_64"),
        vpc_id=described.get("VpcId", ""),
        key_name=described.get("KeyName", ""),
        profile_arn=described.get("IamInstanceProfile", {}).get("Arn", ""),
        monitoring=described.get("Monitoring", {}).get("State") in ("enabled", "pending"),
        ebs_optimized=described.get("EbsOptimized", False),
        root_device=described.get("RootDeviceName", ""),
        root_device_type=described.get("RootDeviceType", "ebs"),
        lifecycle=described.get("InstanceLifecycle", ""),
        platform=described.get("PlatformDetails", described.get("Platform", "")),
        core_count=cpu.get("CoreCount"),
        threads_per_core=cpu.get("ThreadsPerCore"),
        hibernation=described.get("HibernationOptions", {}).get("Configured", False),
        enclave=described.get("EnclaveOptions", {}).get("Enabled", False),
        auto_recovery=maintenance.get("AutoRecovery", ""),
        reboot_migration=maintenance.get("RebootMigration", ""),
        hostname_type=names.get("HostnameType", ""),
        resource_name_a=names.get("EnableResourceNameDnsARecord", False),
        resource_name_aaaa=names.get("EnableResourceNameDnsAAAARecord", False),
        capacity_preference=capacity.get("CapacityReservationPreference", ""),
        capacity_reservation_id=capacity.get("CapacityReservationTarget", {}).get(
            "CapacityReservationId", ""
        ),
        bandwidth_weighting=described.get("NetworkPerformanceOptions", {}).get(
            "BandwidthWeighting", ""
        ),
        licenses=_licenses(described),
        metadata=_metadata(described),
        tags=dict(tags),
        disks=_disks(described),
        interfaces=_interfaces(described),
    )


def _licenses(described: "InstanceTypeDef") -> tuple[str, ...]:
    return tuple(
        item["LicenseConfigurationArn"]
        for item in described.get("Licenses", [])
        if "LicenseConfigurationArn" in item
    )


def _interfaces(described: "InstanceTypeDef") -> tuple[Interface, ...]:
    found = [_interface(i) for i in described.get("NetworkInterfaces", [])]
    return tuple(sorted(found, key=lambda i: (i.network_card_index, i.device_index)))


def _placement(described: "InstanceTypeDef") -> Placement:
    placement = described.get("Placement", {})
    return Placement(
        zone=placement.get("AvailabilityZone", ""),
        tenancy=placement.get("Tenancy", "default"),
        group=placement.get("GroupName", ""),
        partition=placement.get("PartitionNumber") or None,
        host_id=placement.get("HostId", ""),
        affinity=placement.get("Affinity", ""),
    )


def _metadata(described: "InstanceTypeDef") -> Metadata:
    options = described.get("MetadataOptions", {})
    return Metadata(
        tokens=options.get("HttpTokens", "optional"),
        hop_limit=options.get("HttpPutResponseHopLimit", 1),
        endpoint=options.get("HttpEndpoint", "enabled"),
        ipv6=options.get("HttpProtocolIpv6", "disabled"),
        instance_tags=options.get("InstanceMetadataTags", "disabled"),
    )


def _disks(described: "InstanceTypeDef") -> tuple[Disk, ...]:
    return tuple(
        Disk(
            device=mapping.get("DeviceName", ""),
            volume_id=ebs["VolumeId"],
            delete_on_termination=ebs.get("DeleteOnTermination", False),
        )
        for mapping in sorted(
            described.get("BlockDeviceMappings", []), key=lambda m: m.get("DeviceName", "")
        )
        if (ebs := mapping.get("Ebs", {})).get("VolumeId")
    )


def _interface(described: "InstanceNetworkInterfaceTypeDef") -> Interface:
    attachment = described.get("Attachment", {})
    private = described.get("PrivateIpAddresses", [])
    ordered = sorted(private, key=lambda p: not p.get("Primary", False))
    addresses = tuple(p["PrivateIpAddress"] for p in ordered if "PrivateIpAddress" in p)
    if not addresses and described.get("PrivateIpAddress"):
        addresses = (described["PrivateIpAddress"],)
    association = described.get("Association", {})
    is_auto = association.get("IpOwnerId") == "amazon"
    return Interface(
        interface_id=described.get("NetworkInterfaceId", ""),
        device_index=attachment.get("DeviceIndex", 0),
        network_card_index=attachment.get("NetworkCardIndex", 0),
        subnet_id=described.get("SubnetId", ""),
        private_ips=addresses,
        ipv6=tuple(a["Ipv6Address"] for a in described.get("Ipv6Addresses", [])),
        groups=tuple(g["GroupId"] for g in described.get("Groups", [])),
        source_dest_check=described.get("SourceDestCheck", True),
        description=described.get("Description", ""),
        delete_on_termination=attachment.get("DeleteOnTermination", True),
        interface_type=described.get("InterfaceType", "interface"),
        auto_public_ip=association.get("PublicIp", "") if is_auto else "",
    )
