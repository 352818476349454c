"""The kinds of ids in EC2 requests: the form, the error codes and where they are known.

Source of the codes: EC2 API Reference, "Error codes for the Amazon EC2 API". A kind for
which that page has no ``.Malformed`` answers ``.NotFound`` to malformed ids, too [NV].
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import ec2_backends

from sandbox.ec2.sharing import is_well_formed

Known = Callable[[Any, str], bool]
"""Whether an account's EC2 in a region has a resource of that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of resource that a request names by id."""

    prefix: str
    malformed: str
    unknown: str
    noun: str
    known: Known
    is_looked_up: bool = True
    """Whether an unknown one is refused here; else its own rules do."""

    def is_well_formed(self, resource_id: str) -> bool:
        """Whether *resource_id* has the form of the kind, short or long."""
        return is_well_formed(resource_id, self.prefix)


def _held(name: str) -> Known:
    """Whatever the backend keeps by id in the mapping *name*."""
    return lambda backend, wanted: wanted in getattr(backend, name)


def _nested(name: str) -> Known:
    """The same where it is kept by zone or by VPC first."""
    return lambda backend, wanted: any(wanted in each for each in getattr(backend, name).values())


def _called(name: str, of: str) -> Known:
    """What one of the resources in the mapping *name* says in *of*."""
    return lambda backend, wanted: any(
        getattr(each, of) == wanted for each in getattr(backend, name).values()
    )


def _address(of: str) -> Known:
    return lambda backend, wanted: any(getattr(each, of) == wanted for each in backend.addresses)


def _is_rule(backend: Any, wanted: str) -> bool:  # noqa: ANN401 - moto's or the sandbox's
    groups = (group for by_id in backend.groups.values() for group in by_id.values())
    return any(
        rule.id == wanted
        for group in groups
        for rule in (*group.ingress_rules, *group.egress_rules)
    )


def _kind(
    prefix: str, malformed: str, unknown: str, noun: str, known: Known, *, by_rules: bool = False
) -> Kind:
    return Kind(
        prefix=prefix,
        malformed=malformed or unknown,
        unknown=unknown,
        noun=noun,
        known=known,
        is_looked_up=not by_rules,
    )


KINDS = {
    "InstanceId": _kind(
        "i",
        "InvalidInstanceID.Malformed",
        "InvalidInstanceID.NotFound",
        "instance ID",
        _held("machines"),
        by_rules=True,
    ),
    "ImageId": _kind(
        "ami",
        "InvalidAMIID.Malformed",
        "InvalidAMIID.NotFound",
        "image id",
        _held("amis"),
        by_rules=True,
    ),
    "SnapshotId": _kind(
        "snap",
        "InvalidSnapshotID.Malformed",
        "InvalidSnapshot.NotFound",
        "snapshot",
        _held("snapshots"),
        by_rules=True,
    ),
    "VolumeId": _kind(
        "vol",
        "InvalidVolumeID.Malformed",
        "InvalidVolume.NotFound",
        "volume",
        _held("volumes"),
        by_rules=True,
    ),
    "NetworkInterfaceId": _kind(
        "eni",
        "InvalidNetworkInterfaceId.Malformed",
        "InvalidNetworkInterfaceID.NotFound",
        "networkInterface ID",
        _held("enis"),
        by_rules=True,
    ),
    "NetworkInterfaceAttachmentId": _kind(
        "eni-attach",
        "InvalidNetworkInterfaceAttachmentId.Malformed",
        "InvalidAttachmentID.NotFound",
        "attachment ID",
        _called("enis", "attachment_id"),
    ),
    "SubnetId": _kind(
        "subnet",
        "InvalidSubnetID.Malformed",
        "InvalidSubnetID.NotFound",
        "subnet ID",
        _nested("subnets"),
    ),
    "VpcId": _kind(
        "vpc", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound", "vpc ID", _held("vpcs")
    ),
    "SecurityGroupId": _kind(
        "sg",
        "InvalidGroupId.Malformed",
        "InvalidGroup.NotFound",
        "security group",
        _nested("groups"),
    ),
    "SecurityGroupRuleId": _kind(
        "sgr",
        "InvalidSecurityGroupRuleId.Malformed",
        "InvalidSecurityGroupRuleId.NotFound",
        "security group rule ID",
        _is_rule,
    ),
    "AllocationId": _kind(
        "eipalloc", "", "InvalidAllocationID.NotFound", "allocation ID", _address("allocation_id")
    ),
    "ElasticIpAssociationId": _kind(
        "eipassoc",
        "",
        "InvalidAssociationID.NotFound",
        "association ID",
        _address("association_id"),
    ),
    "NetworkAclAssociationId": _kind(
        "aclassoc",
        "",
        "InvalidAssociationID.NotFound",
        "association ID",
        lambda backend, wanted: any(
            wanted in acl._associations for acl in backend.network_acls.values()
        ),
    ),
    "LaunchTemplateId": _kind(
        "lt",
        "InvalidLaunchTemplateId.Malformed",
        "InvalidLaunchTemplateId.NotFound",
        "launch template ID",
        _held("launch_templates"),
    ),
    "PlacementGroupId": _kind(
        "pg",
        "InvalidPlacementGroupId.Malformed",
        "InvalidPlacementGroup.Unknown",
        "Placement Group",
        lambda backend, wanted: any(
            each.get("GroupId") == wanted for each in backend.placement_groups.values()
        ),
    ),
    "KeyPairId": _kind(
        "key",
        "",
        "InvalidKeyPair.NotFound",
        "key pair ID",
        _called("key_pairs", "id"),
    ),
    "RouteTableId": _kind(
        "rtb",
        "InvalidRouteTableId.Malformed",
        "InvalidRouteTableID.NotFound",
        "routeTable ID",
        _held("route_tables"),
    ),
    "InternetGatewayId": _kind(
        "igw",
        "InvalidInternetGatewayId.Malformed",
        "InvalidInternetGatewayID.NotFound",
        "internetGateway ID",
        _held("internet_gateways"),
    ),
    "EgressOnlyInternetGatewayId": _kind(
        "eigw",
        "InvalidEgressOnlyInternetGatewayId.Malformed",
        "InvalidEgressOnlyInternetGatewayId.NotFound",
        "egress-only internet gateway ID",
        _held("egress_only_internet_gateways"),
    ),
    "NetworkAclId": _kind(
        "acl",
        "InvalidNetworkAclId.Malformed",
        "InvalidNetworkAclID.NotFound",
        "networkAcl ID",
        _held("network_acls"),
    ),
    "NatGatewayId": _kind(
        "nat",
        "NatGatewayMalformed",
        "NatGatewayNotFound",
        "NAT gateway",
        _held("nat_gateways"),
    ),
    "DhcpOptionsId": _kind(
        "dopt",
        "InvalidDhcpOptionsId.Malformed",
        "InvalidDhcpOptionID.NotFound",
        "dhcpOption ID",
        _held("dhcp_options_sets"),
    ),
    "VpcEndpointId": _kind(
        "vpce",
        "InvalidVpcEndpointId.Malformed",
        "InvalidVpcEndpointId.NotFound",
        "vpc endpoint ID",
        _held("vpc_end_points"),
    ),
    "VpcPeeringConnectionId": _kind(
        "pcx",
        "InvalidVpcPeeringConnectionId.Malformed",
        "InvalidVpcPeeringConnectionID.NotFound",
        "vpcPeeringConnection ID",
        lambda _, wanted: any(
            wanted in backend.vpc_pcxs
            for regions in list(ec2_backends.values())
            for backend in list(regions.values())
        ),
    ),
    "PrefixListResourceId": _kind(
        "pl",
        "InvalidPrefixListId.Malformed",
        "InvalidPrefixListID.NotFound",
        "prefix list ID",
        _held("managed_prefix_lists"),
    ),
    "CustomerGatewayId": _kind(
        "cgw",
        "InvalidCustomerGatewayId.Malformed",
        "InvalidCustomerGatewayID.NotFound",
        "customerGateway ID",
        _held("customer_gateways"),
    ),
    "VpnGatewayId": _kind(
        "vgw", "", "InvalidVpnGatewayID.NotFound", "vpnGateway ID", _held("vpn_gateways")
    ),
    "ReplaceRootVolumeTaskId": _kind(
        "replacevol",
        "InvalidReplaceRootVolumeTaskId.Malformed",
        "InvalidReplaceRootVolumeTaskId.NotFound",
        "replace root volume task ID",
        _held("root_tasks"),
        by_rules=True,
    ),
    "CapacityReservationId": _kind(
        "cr",
        "InvalidCapacityReservationId.Malformed",
        "InvalidCapacityReservationId.NotFound",
        "capacity reservation ID",
        _held("capacity_reservations"),
        by_rules=True,
    ),
    "DedicatedHostId": _kind(
        "h",
        "InvalidHostID.Malformed",
        "InvalidHostID.NotFound",
        "host ID",
        _held("hosts"),
    ),
    "SpotInstanceRequestId": _kind(
        "sir",
        "InvalidSpotInstanceRequestID.Malformed",
        "InvalidSpotInstanceRequestID.NotFound",
        "spot instance request ID",
        _held("spot_instance_requests"),
    ),
}
"""By the name that botocore's model gives the shape of such an id."""

BY_PREFIX = {kind.prefix: kind for kind in KINDS.values()}
