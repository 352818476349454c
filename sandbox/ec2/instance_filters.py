"""The filters of DescribeInstances and DescribeInstanceStatus.

Source: botocore's model, DescribeInstancesRequest.Filters and
DescribeInstanceStatusRequest.Filters; each name and where its value stands in the answer.
"""

from sandbox.ec2.document_filters import path_readers, values_at, wire_text
from sandbox.ec2.filters import Reader
from sandbox.ec2.instance_documents import part_with
from sandbox.ec2.instance_model import SandboxInstance

_PLACEMENT = {
    "affinity": "Placement.Affinity",
    "host-id": "Placement.HostId",
    "placement-group-name": "Placement.GroupName",
    "placement-partition-number": "Placement.PartitionNumber",
    "tenancy": "Placement.Tenancy",
}
_DISKS = {
    "block-device-mapping.attach-time": "BlockDeviceMappings.Ebs.AttachTime",
    "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
    "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
    "block-device-mapping.status": "BlockDeviceMappings.Ebs.Status",
    "block-device-mapping.volume-id": "BlockDeviceMappings.Ebs.VolumeId",
    "root-device-name": "RootDeviceName",
    "root-device-type": "RootDeviceType",
}
_OPTIONS = {
    "capacity-reservation-id": "CapacityReservationId",
    "capacity-reservation-specification.capacity-reservation-preference": (
        "CapacityReservationSpecification.CapacityReservationPreference"
    ),
    "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id": (
        "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"
    ),
    "capacity-reservation-specification.capacity-reservation-target."
    "capacity-reservation-resource-group-arn": (
        "CapacityReservationSpecification.CapacityReservationTarget."
        "CapacityReservationResourceGroupArn"
    ),
    "enclave-options.enabled": "EnclaveOptions.Enabled",
    "hibernation-options.configured": "HibernationOptions.Configured",
    "maintenance-options.auto-recovery": "MaintenanceOptions.AutoRecovery",
    "metadata-options.http-endpoint": "MetadataOptions.HttpEndpoint",
    "metadata-options.http-protocol-ipv4": "MetadataOptions.HttpProtocolIpv4",
    "metadata-options.http-protocol-ipv6": "MetadataOptions.HttpProtocolIpv6",
    "metadata-options.http-put-response-hop-limit": "MetadataOptions.HttpPutResponseHopLimit",
    "metadata-options.http-tokens": "MetadataOptions.HttpTokens",
    "metadata-options.instance-metadata-tags": "MetadataOptions.InstanceMetadataTags",
    "metadata-options.state": "MetadataOptions.State",
    "monitoring-state": "Monitoring.State",
    "network-performance-options.bandwidth-weighting": (
        "NetworkPerformanceOptions.BandwidthWeighting"
    ),
    "private-dns-name-options.enable-resource-name-dns-a-record": (
        "PrivateDnsNameOptions.EnableResourceNameDnsARecord"
    ),
    "private-dns-name-options.enable-resource-name-dns-aaaa-record": (
        "PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord"
    ),
    "private-dns-name-options.hostname-type": "PrivateDnsNameOptions.HostnameType",
}
_MACHINE = {
    "architecture": "Architecture",
    "boot-mode": "BootMode",
    "client-token": "ClientToken",
    "current-instance-boot-mode": "CurrentInstanceBootMode",
    "dns-name": "PublicDnsName",
    "ebs-optimized": "EbsOptimized",
    "ena-support": "EnaSupport",
    "hypervisor": "Hypervisor",
    "iam-instance-profile.arn": "IamInstanceProfile.Arn",
    "iam-instance-profile.id": "IamInstanceProfile.Id",
    "instance-lifecycle": "InstanceLifecycle",
    "instance-type": "InstanceType",
    "instance.group-id": "SecurityGroups.GroupId",
    "instance.group-name": "SecurityGroups.GroupName",
    "ip-address": "PublicIpAddress",
    "ipv6-address": "Ipv6Address",
    "kernel-id": "KernelId",
    "key-name": "KeyName",
    "launch-index": "AmiLaunchIndex",
    "launch-time": "LaunchTime",
    "operator.managed": "Operator.Managed",
    "operator.principal": "Operator.Principal",
    "outpost-arn": "OutpostArn",
    "platform-details": "PlatformDetails",
    "private-dns-name": "PrivateDnsName",
    "private-ip-address": "PrivateIpAddress",
    "product-code": "ProductCodes.ProductCodeId",
    "product-code.type": "ProductCodes.ProductCodeType",
    "ramdisk-id": "RamdiskId",
    "reason": "StateTransitionReason",
    "source-dest-check": "SourceDestCheck",
    "spot-instance-request-id": "SpotInstanceRequestId",
    "state-reason-code": "StateReason.Code",
    "state-reason-message": "StateReason.Message",
    "subnet-id": "SubnetId",
    "tpm-support": "TpmSupport",
    "usage-operation": "UsageOperation",
    "usage-operation-update-time": "UsageOperationUpdateTime",
    "virtualization-type": "VirtualizationType",
    "vpc-id": "VpcId",
}
_INTERFACE = "network-interface"
_INTERFACES = {
    "addresses.association.allocation-id": "PrivateIpAddresses.Association.AllocationId",
    "addresses.association.association-id": "PrivateIpAddresses.Association.AssociationId",
    "addresses.association.carrier-ip": "PrivateIpAddresses.Association.CarrierIp",
    "addresses.association.customer-owned-ip": "PrivateIpAddresses.Association.CustomerOwnedIp",
    "addresses.association.ip-owner-id": "PrivateIpAddresses.Association.IpOwnerId",
    "addresses.association.public-dns-name": "PrivateIpAddresses.Association.PublicDnsName",
    "addresses.association.public-ip": "PrivateIpAddresses.Association.PublicIp",
    "addresses.primary": "PrivateIpAddresses.Primary",
    "addresses.private-dns-name": "PrivateIpAddresses.PrivateDnsName",
    "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
    "association.allocation-id": "Association.AllocationId",
    "association.association-id": "Association.AssociationId",
    "association.carrier-ip": "Association.CarrierIp",
    "association.customer-owned-ip": "Association.CustomerOwnedIp",
    "association.ip-owner-id": "Association.IpOwnerId",
    "association.public-dns-name": "Association.PublicDnsName",
    "association.public-ip": "Association.PublicIp",
    "attachment.attach-time": "Attachment.AttachTime",
    "attachment.attachment-id": "Attachment.AttachmentId",
    "attachment.delete-on-termination": "Attachment.DeleteOnTermination",
    "attachment.device-index": "Attachment.DeviceIndex",
    "attachment.instance-id": "Attachment.InstanceId",
    "attachment.instance-owner-id": "Attachment.InstanceOwnerId",
    "attachment.network-card-index": "Attachment.NetworkCardIndex",
    "attachment.status": "Attachment.Status",
    "availability-zone": "AvailabilityZone",
    "deny-all-igw-traffic": "DenyAllIgwTraffic",
    "description": "Description",
    "group-id": "Groups.GroupId",
    "group-name": "Groups.GroupName",
    "ipv4-prefixes.ipv4-prefix": "Ipv4Prefixes.Ipv4Prefix",
    "ipv6-address": "Ipv6Address",
    "ipv6-addresses.ipv6-address": "Ipv6Addresses.Ipv6Address",
    "ipv6-addresses.is-primary-ipv6": "Ipv6Addresses.IsPrimaryIpv6",
    "ipv6-native": "Ipv6Native",
    "ipv6-prefixes.ipv6-prefix": "Ipv6Prefixes.Ipv6Prefix",
    "mac-address": "MacAddress",
    "network-interface-id": "NetworkInterfaceId",
    "operator.managed": "Operator.Managed",
    "operator.principal": "Operator.Principal",
    "outpost-arn": "OutpostArn",
    "owner-id": "OwnerId",
    "private-dns-name": "PrivateDnsName",
    "private-ip-address": "PrivateIpAddress",
    "public-dns-name": "PublicDnsName",
    "requester-id": "RequesterId",
    "requester-managed": "RequesterManaged",
    "source-dest-check": "SourceDestCheck",
    "status": "Status",
    "subnet-id": "SubnetId",
    "tag-key": "TagSet.Key",
    "tag-value": "TagSet.Value",
    "vpc-id": "VpcId",
}


def _by_path(path: str) -> Reader[SandboxInstance]:
    member = path.partition(".")[0]
    return lambda instance: map(wire_text, values_at(part_with(instance, member), path))


def _by_interface(path: str) -> Reader[SandboxInstance]:
    return lambda instance: [
        wire_text(value)
        for interface in instance.nics.values()
        for value in values_at(interface.document(), path)
    ]


_QUICK: dict[str, Reader[SandboxInstance]] = {
    "availability-zone": lambda instance: [instance.availability_zone],
    "availability-zone-id": lambda instance: [instance.zone_id],
    "image-id": lambda instance: [instance.image_id],
    "instance-id": lambda instance: [instance.id],
    "instance-state-code": lambda instance: [str(instance.state_code)],
    "instance-state-name": lambda instance: [instance.state],
    "owner-id": lambda instance: [instance.owner_id],
    "platform": lambda instance: [(instance.platform or "").lower()],
    "requester-id": lambda instance: [instance.requester_id],
    "reservation-id": lambda instance: [instance.reservation_id],
    "network-interface.network-interface-id": lambda instance: [
        interface.id for interface in instance.nics.values()
    ],
}

INSTANCE_FILTERS: dict[str, Reader[SandboxInstance]] = {
    **{name: _by_path(path) for name, path in (_PLACEMENT | _DISKS | _OPTIONS | _MACHINE).items()},
    **{f"{_INTERFACE}.{name}": _by_interface(path) for name, path in _INTERFACES.items()},
    **_QUICK,
}

STATUS_FILTERS = path_readers(
    {
        "application-status.status": "ApplicationStatus.Status",
        "attached-ebs-status.status": "AttachedEbsStatus.Status",
        "availability-zone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "event.code": "Events.Code",
        "event.description": "Events.Description",
        "event.instance-event-id": "Events.InstanceEventId",
        "event.not-after": "Events.NotAfter",
        "event.not-before": "Events.NotBefore",
        "event.not-before-deadline": "Events.NotBeforeDeadline",
        "instance-state-code": "InstanceState.Code",
        "instance-state-name": "InstanceState.Name",
        "instance-status.reachability": "InstanceStatus.Details.Status",
        "instance-status.status": "InstanceStatus.Status",
        "operator.managed": "Operator.Managed",
        "operator.principal": "Operator.Principal",
        "system-status.reachability": "SystemStatus.Details.Status",
        "system-status.status": "SystemStatus.Status",
    }
)
