"""Launching a replacement: a ``LaunchRequest`` in, RunInstances' parameters out.

Rules of RunInstances (API reference) that bite: network settings go into
``NetworkInterfaces`` only; user data is given raw, botocore encodes it; gp2 has no IOPS
of its own; ``KmsKeyId`` needs ``Encrypted``; all five metadata options are sent, or
account defaults apply.
"""

from base64 import b64decode
from typing import TYPE_CHECKING

from chalicelib.domain.configuration import Configuration, Disk, Interface
from chalicelib.domain.launch import LaunchRequest

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        BlockDeviceMappingTypeDef,
        EbsBlockDeviceTypeDef,
        InstanceNetworkInterfaceSpecificationTypeDef,
        PlacementTypeDef,
        RunInstancesRequestTypeDef,
        TagTypeDef,
    )

_PROVISIONED = ("gp3", "io1", "io2")


def run_parameters(request: LaunchRequest, user_data: str) -> "RunInstancesRequestTypeDef":
    """RunInstances' parameters; *user_data* is base64, as EC2 tells it, and goes nowhere else."""
    wanted = request.configuration
    tags: list[TagTypeDef] = [{"Key": k, "Value": v} for k, v in sorted(request.tags.items())]
    parameters: RunInstancesRequestTypeDef = {
        "ImageId": request.image_id,
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": request.token,
        "InstanceType": wanted.instance_type,  # type: ignore[typeddict-item]
        "Monitoring": {"Enabled": wanted.monitoring},
        "EbsOptimized": wanted.ebs_optimized,
        "Placement": _placement(wanted),
        "NetworkInterfaces": [_interface(wanted, i) for i in wanted.interfaces],
        "BlockDeviceMappings": [
            _mapping(disk) for disk in wanted.disks if disk.device in request.devices
        ],
        "InstanceInitiatedShutdownBehavior": wanted.attributes.shutdown_behavior,  # type: ignore[typeddict-item]
        "MetadataOptions": {
            "HttpTokens": wanted.metadata.tokens,  # type: ignore[typeddict-item]
            "HttpPutResponseHopLimit": wanted.metadata.hop_limit,
            "HttpEndpoint": wanted.metadata.endpoint,  # type: ignore[typeddict-item]
            "HttpProtocolIpv6": wanted.metadata.ipv6,  # type: ignore[typeddict-item]
            "InstanceMetadataTags": wanted.metadata.instance_tags,  # type: ignore[typeddict-item]
        },
    }
    if tags:
        parameters["TagSpecifications"] = [{"ResourceType": "instance", "Tags": tags}]
    if user_data:
        # Bytes: text would be encoded as UTF-8, which binary user data does not survive.
        parameters["UserData"] = b64decode(user_data)  # type: ignore[typeddict-item]
    _add_optional(parameters, wanted)
    return parameters


def _add_optional(parameters: "RunInstancesRequestTypeDef", wanted: Configuration) -> None:
    """What is sent only when the source has it: EC2 refuses some of it on other types."""
    if wanted.key_name:
        parameters["KeyName"] = wanted.key_name
    if wanted.profile_arn:
        parameters["IamInstanceProfile"] = {"Arn": wanted.profile_arn}
    if wanted.credit:
        parameters["CreditSpecification"] = {"CpuCredits": wanted.credit}
    if wanted.hibernation:
        parameters["HibernationOptions"] = {"Configured": True}
    if wanted.enclave:
        parameters["EnclaveOptions"] = {"Enabled": True}
    if wanted.auto_recovery:
        parameters["MaintenanceOptions"] = {"AutoRecovery": wanted.auto_recovery}  # type: ignore[typeddict-item]
    if wanted.licenses:
        parameters["LicenseSpecifications"] = [
            {"LicenseConfigurationArn": arn} for arn in wanted.licenses
        ]
    _add_choices(parameters, wanted)


def _add_choices(parameters: "RunInstancesRequestTypeDef", wanted: Configuration) -> None:
    if wanted.hostname_type:
        parameters["PrivateDnsNameOptions"] = {
            "HostnameType": wanted.hostname_type,  # type: ignore[typeddict-item]
            "EnableResourceNameDnsARecord": wanted.resource_name_a,
            "EnableResourceNameDnsAAAARecord": wanted.resource_name_aaaa,
        }
    if wanted.capacity_reservation_id:
        parameters["CapacityReservationSpecification"] = {
            "CapacityReservationTarget": {"CapacityReservationId": wanted.capacity_reservation_id}
        }
    elif wanted.capacity_preference:
        parameters["CapacityReservationSpecification"] = {
            "CapacityReservationPreference": wanted.capacity_preference  # type: ignore[typeddict-item]
        }
    if wanted.lifecycle == "spot":
        parameters["InstanceMarketOptions"] = {"MarketType": "spot"}
    if wanted.bandwidth_weighting and wanted.bandwidth_weighting != "default":
        parameters["NetworkPerformanceOptions"] = {
            "BandwidthWeighting": wanted.bandwidth_weighting  # type: ignore[typeddict-item]
        }


def _placement(wanted: Configuration) -> "PlacementTypeDef":
    asked = wanted.placement
    # The zone is sent beside the subnet so that the client token is zonal (EC2
    # idempotency page) even where an interface alone would decide the zone.
    placement: PlacementTypeDef = {"AvailabilityZone": asked.zone}
    if asked.tenancy != "default":
        placement["Tenancy"] = asked.tenancy  # type: ignore[typeddict-item]
    if asked.group:
        placement["GroupName"] = asked.group
    if asked.partition is not None:
        placement["PartitionNumber"] = asked.partition
    if asked.host_id:
        placement["HostId"] = asked.host_id
    if asked.affinity:
        placement["Affinity"] = asked.affinity
    return placement


def _interface(
    wanted: Configuration, interface: Interface
) -> "InstanceNetworkInterfaceSpecificationTypeDef":
    spec: InstanceNetworkInterfaceSpecificationTypeDef = {
        "DeviceIndex": interface.device_index,
        "SubnetId": interface.subnet_id,
        "Groups": list(interface.groups),
        "DeleteOnTermination": interface.delete_on_termination,
    }
    if interface.network_card_index:
        spec["NetworkCardIndex"] = interface.network_card_index
    if interface.description:
        spec["Description"] = interface.description
    if interface.interface_type in ("efa", "efa-only"):
        spec["InterfaceType"] = interface.interface_type
    if len(interface.private_ips) > 1:
        spec["SecondaryPrivateIpAddressCount"] = len(interface.private_ips) - 1
    if interface.ipv6:
        spec["Ipv6AddressCount"] = len(interface.ipv6)
    # With an Elastic IP to come, the subnet's own default decides, so that the machine
    # can reach the network while it is being proven.
    if len(wanted.interfaces) == 1 and not wanted.addresses:
        spec["AssociatePublicIpAddress"] = bool(interface.auto_public_ip)
    return spec


def _mapping(disk: Disk) -> "BlockDeviceMappingTypeDef":
    ebs: EbsBlockDeviceTypeDef = {"DeleteOnTermination": disk.delete_on_termination}
    if disk.size_gib:
        ebs["VolumeSize"] = disk.size_gib
    if disk.volume_type:
        ebs["VolumeType"] = disk.volume_type  # type: ignore[typeddict-item]
    if disk.iops and disk.volume_type in _PROVISIONED:
        ebs["Iops"] = disk.iops
    if disk.throughput and disk.volume_type == "gp3":
        ebs["Throughput"] = disk.throughput
    # Encryption is not sent: a volume from our own encrypted snapshot keeps its key
    # (EBS User Guide, encryption), and asking again would need more of KMS.
    return {"DeviceName": disk.device, "Ebs": ebs}
