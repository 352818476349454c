"""How large EC2's token buckets are, and how fast they fill again.

Source: EC2 Developer Guide, "Request throttling for the Amazon EC2 API": the tables of
the request token buckets (categories, uncategorized actions) and resource token buckets.
The bucket of the console is left out: nobody can be the console here.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Rate(NamedTuple):
    """A bucket holds *burst* tokens and gets *refill* back each second."""

    burst: float
    refill: float


DESCRIBE = Rate(100, 20)
UNFILTERED = Rate(50, 10)
MUTATING = Rate(50, 5)
"""Also that of the actions called resource-intensive."""

READS = ("Describe", "Get", "List", "Search")
"""What the non-mutating actions begin with."""

_SIZES: Mapping[Rate, str] = {
    Rate(100, 5): """
        AssignIpv6Addresses AssignPrivateIpAddresses AssociateIamInstanceProfile
        CreateLaunchTemplateVersion CreateNetworkInterface CreateSnapshot CreateSnapshots
        CreateVolume DeleteNetworkInterface DeleteSnapshot DeleteVolume DeregisterImage
        DescribeSpotFleetInstances DescribeSpotFleetRequestHistory DisassociateIamInstanceProfile
        ModifyImageAttribute ModifyInstanceMetadataOptions ModifyLaunchTemplate
        ModifyNetworkInterfaceAttribute ModifySnapshotAttribute TerminateInstances
        UnassignPrivateIpAddresses""",
    Rate(100, 1): "CopyImage",
    Rate(100, 10): "CreateTags DeleteTags",
    Rate(100, 13): "DescribeSpotDatafeedSubscription",
    Rate(50, 3): """
        CreateSpotDatafeedSubscription DeleteSpotDatafeedSubscription DescribeSpotFleetRequests""",
    Rate(50, 0.5): "DescribeStoreImageTasks",
    Rate(50, 0.1): "CreateRestoreImageTask CreateStoreImageTask",
    Rate(20, 5): "DescribeSecurityGroupReferences DescribeStaleSecurityGroups",
    Rate(20, 4): """
        CreateVerifiedAccessEndpoint DeleteVerifiedAccessEndpoint ModifyVerifiedAccessEndpoint
        ModifyVerifiedAccessEndpointPolicy ModifyVerifiedAccessGroupPolicy""",
    Rate(10, 10): """
        DescribeAggregateIdFormat DescribeIdentityIdFormat DescribeIdFormat
        DescribePrincipalIdFormat DescribeReservedInstancesOfferings""",
    Rate(10, 2): """
        AttachVerifiedAccessTrustProvider CreateVerifiedAccessGroup CreateVerifiedAccessInstance
        CreateVerifiedAccessTrustProvider DeleteVerifiedAccessGroup DeleteVerifiedAccessInstance
        DeleteVerifiedAccessTrustProvider DescribeVerifiedAccessInstanceLoggingConfigurations
        DetachVerifiedAccessTrustProvider ModifyVerifiedAccessGroup ModifyVerifiedAccessInstance
        ModifyVerifiedAccessInstanceLoggingConfiguration ModifyVerifiedAccessTrustProvider""",
    Rate(10, 1): """
        AcceptVpcEndpointConnections AssignPrivateNatGatewayAddress
        AssociateEnclaveCertificateIamRole AssociateNatGatewayAddress CreateNatGateway
        CreateVpcEndpointServiceConfiguration DeleteNatGateway
        DeleteVpcEndpointServiceConfigurations DisassociateEnclaveCertificateIamRole
        DisassociateNatGatewayAddress GetAssociatedEnclaveCertificateIamRoles
        ModifyVpcEndpointServiceConfiguration RejectVpcEndpointConnections
        UnassignPrivateNatGatewayAddress""",
    Rate(10, 0.15): """
        DescribeCapacityBlockExtensionOfferings DescribeCapacityBlockOfferings
        PurchaseCapacityBlock PurchaseCapacityBlockExtension""",
    Rate(5, 5): """
        DeleteQueuedReservedInstances DescribeDeclarativePoliciesReports
        GetDeclarativePoliciesReportSummary PurchaseReservedInstancesOffering""",
    Rate(5, 2): """
        AuthorizeClientVpnIngress CreateClientVpnRoute DeleteClientVpnRoute
        DescribeHostReservationOfferings DescribeHostReservations DisableFastLaunch
        EnableFastLaunch GetHostReservationPurchasePreview PurchaseHostReservation
        RevokeClientVpnIngress RunInstances StartInstances""",
    Rate(5, 1): """
        CreateCoipCidr CreateCoipPool CreateSubnetCidrReservation DeleteCoipCidr DeleteCoipPool
        DeleteCoipPoolPermission DeleteSubnetCidrReservation""",
    Rate(4, 0.3): "CreateVpcEndpoint DeleteVpcEndpoints ModifyVpcEndpoint",
    Rate(2, 2): "ModifyInstanceMetadataDefaults",
    Rate(1, 1): """
        CancelDeclarativePoliciesReport CreateDefaultSubnet CreateDefaultVpc
        DescribeInstanceTopology DescribeMovingAddresses MoveAddressToVpc RestoreAddressToClassic
        StartDeclarativePoliciesReport""",
    Rate(1, 0.5): """
        AssociateCapacityReservationBillingOwner DescribeByoipCidrs
        DisassociateCapacityReservationBillingOwner""",
    Rate(1, 0.1): """
        AdvertiseByoipCidr DeprovisionByoipCidr DisableImageBlockPublicAccess
        DisableSnapshotBlockPublicAccess EnableImageBlockPublicAccess
        EnableSnapshotBlockPublicAccess ProvisionByoipCidr WithdrawByoipCidr""",
}

REQUESTS: Mapping[str, Rate] = {
    action: rate for rate, actions in _SIZES.items() for action in actions.split()
}
"""The actions that have a bucket size of their own."""

RESOURCES: Mapping[str, Rate] = {
    "RunInstances": Rate(1000, 2),
    "StartInstances": Rate(1000, 2),
    "StopInstances": Rate(1000, 20),
    "TerminateInstances": Rate(1000, 20),
}
"""The actions that also pay for each instance they are about."""

DEARER_UNFILTERED = frozenset(
    {
        "DescribeInstances",
        "DescribeInstanceStatus",
        "DescribeNetworkInterfaces",
        "DescribeSecurityGroups",
        "DescribeSnapshots",
        "DescribeSpotInstanceRequests",
        "DescribeVolumes",
    }
)
"""What costs more when it is asked for with neither a filter nor a page size."""
