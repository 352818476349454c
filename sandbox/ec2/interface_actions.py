"""Network interfaces on the wire.

Source: botocore's model, the request shapes of the actions; their API Reference pages.
"""

from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.document_filters import document_tags, path_readers
from sandbox.ec2.filters import matching
from sandbox.ec2.interfaces import InterfaceRules
from sandbox.ec2.launch_templates import plain
from sandbox.ec2.network_interface import SandboxInterface
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.wire import DocumentResult

INTERFACE_FILTERS = path_readers(
    {
        "addresses.association.owner-id": "PrivateIpAddresses.Association.IpOwnerId",
        "addresses.association.public-ip": "PrivateIpAddresses.Association.PublicIp",
        "addresses.primary": "PrivateIpAddresses.Primary",
        "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
        "association.allocation-id": "Association.AllocationId",
        "association.association-id": "Association.AssociationId",
        "association.ip-owner-id": "Association.IpOwnerId",
        "association.public-dns-name": "Association.PublicDnsName",
        "association.public-ip": "Association.PublicIp",
        "attachment.attach-time": "Attachment.AttachTime",
        "attachment.attachment-id": "Attachment.AttachmentId",
        "attachment.delete-on-termination": "Attachment.DeleteOnTermination",
        "attachment.device-index": "Attachment.DeviceIndex",
        "attachment.instance-id": "Attachment.InstanceId",
        "attachment.instance-owner-id": "Attachment.InstanceOwnerId",
        "attachment.status": "Attachment.Status",
        "availability-zone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "description": "Description",
        "group-id": "Groups.GroupId",
        "group-name": "Groups.GroupName",
        "interface-type": "InterfaceType",
        "ipv6-addresses.ipv6-address": "Ipv6Addresses.Ipv6Address",
        "mac-address": "MacAddress",
        "network-interface-id": "NetworkInterfaceId",
        "operator.managed": "Operator.Managed",
        "operator.principal": "Operator.Principal",
        "owner-id": "OwnerId",
        "private-dns-name": "PrivateDnsName",
        "private-ip-address": "PrivateIpAddress",
        "requester-id": "RequesterId",
        "requester-managed": "RequesterManaged",
        "source-dest-check": "SourceDestCheck",
        "status": "Status",
        "subnet-id": "SubnetId",
        "vpc-id": "VpcId",
    }
)
"""Source: botocore's model, DescribeNetworkInterfacesRequest.Filters."""


class InterfaceActions(EC2Response):
    """What a caller may do with network interfaces."""

    @override
    def create_network_interface(self) -> ActionResult:
        """In a subnet, with the address rules of ``plan_addresses``."""
        backend = self._interfaces
        subnet = backend.get_subnet(self._get_param("SubnetId"))
        tags = self._parse_tag_specification().get("network-interface", {})
        self.error_on_dryrun()
        interface = backend.new_interface(subnet, plain(self.params))
        if tags:
            backend.tags[interface.id].update(tags)
        # just made: it becomes available as soon as somebody looks again
        return DocumentResult({"NetworkInterface": {**interface.document(), "Status": "pending"}})

    @override
    def delete_network_interface(self) -> ActionResult:
        """Only one that is attached to nothing."""
        self.error_on_dryrun()
        self._interfaces.delete_network_interface(self._get_param("NetworkInterfaceId"))
        return EmptyResult()

    @override
    def describe_network_interfaces(self) -> ActionResult:
        """By ids or filters, in pages of 5 to 1000."""
        backend = self._interfaces
        ids = self._get_param("NetworkInterfaceIds", [])
        size = self._get_param("MaxResults")
        filters = self._get_param("Filters", [])
        refuse_with_ids(size, ids, "networkInterfaceIds")
        self.error_on_dryrun()

        def find() -> Iterator[Any]:
            backend.settle()
            chosen = (
                [backend.get_network_interface(each) for each in dict.fromkeys(ids)]
                if ids
                else [each for each in backend.enis.values() if isinstance(each, SandboxInterface)]
            )
            documents = (each.document() for each in chosen)
            return matching(documents, filters, INTERFACE_FILTERS, document_tags)

        found, token = backend.listings.page(
            "DescribeNetworkInterfaces", size, self._get_param("NextToken"), find
        )
        return DocumentResult({"NetworkInterfaces": found, "NextToken": token})

    @override
    def describe_network_interface_attribute(self) -> ActionResult:
        """One attribute (DescribeNetworkInterfaceAttributeRequest.Attribute)."""
        interface = self._interfaces.get_network_interface(self._get_param("NetworkInterfaceId"))
        attribute = self._get_param("Attribute")
        document = interface.document()
        known = {
            "description": ("Description", {"Value": interface.description}),
            "groupSet": ("Groups", document["Groups"]),
            "sourceDestCheck": ("SourceDestCheck", {"Value": interface.source_dest_check}),
            "attachment": ("Attachment", document.get("Attachment")),
            "associatePublicIpAddress": (
                "AssociatePublicIpAddress",
                bool(interface.public_ip_auto_assign),
            ),
        }
        if attribute not in known:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({attribute}) for parameter attribute is invalid. Unknown attribute.",
            )
        name, value = known[attribute]
        return DocumentResult({"NetworkInterfaceId": interface.id, name: value})

    @override
    def modify_network_interface_attribute(self) -> ActionResult:
        """One attribute a call (ModifyNetworkInterfaceAttribute)."""
        backend = self._interfaces
        interface = backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        changes = {
            name: self._get_param(name)
            for name in (
                "Attachment",
                "AssociatePublicIpAddress",
                "Description",
                "Groups",
                "SourceDestCheck",
            )
        }
        given = [name for name, value in changes.items() if value not in (None, [], {})]
        if len(given) != 1:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Fields for multiple attribute types specified: give exactly one.",
            )
        self.error_on_dryrun()
        _modify(backend, interface, given[0], changes[given[0]])
        return EmptyResult()

    @override
    def reset_network_interface_attribute(self) -> ActionResult:  # type: ignore[override]
        """The source/destination check goes back to true; there is nothing else to reset.

        Source: EC2 API Reference, ResetNetworkInterfaceAttribute ("only one attribute at a
        time"). What the caller writes as its value does not matter [NV].
        """
        interface = self._interfaces.get_network_interface(self._get_param("NetworkInterfaceId"))
        if self._get_param("SourceDestCheck") is None:
            raise EC2ClientError("InvalidParameterCombination", "No attributes specified.")
        self.error_on_dryrun()
        interface.source_dest_check = True
        return EmptyResult()

    @override
    def attach_network_interface(self) -> ActionResult:
        """Answers the attachment's id."""
        self.error_on_dryrun()
        card = self._get_int_param("NetworkCardIndex", 0)
        attachment = self._interfaces.attach_network_interface(
            self._get_param("NetworkInterfaceId"),
            self._get_param("InstanceId"),
            self._get_int_param("DeviceIndex"),
            card,
        )
        return DocumentResult({"AttachmentId": attachment.attachment_id, "NetworkCardIndex": card})

    @override
    def detach_network_interface(self) -> ActionResult:
        """Over some seconds; at once with ``Force``."""
        self.error_on_dryrun()
        self._interfaces.detach_network_interface(
            self._get_param("AttachmentId"), force=bool(self._get_param("Force"))
        )
        return EmptyResult()

    @property
    def _interfaces(self) -> InterfaceRules:
        backend: InterfaceRules = self.ec2_backend
        return backend


def _modify(backend: InterfaceRules, interface: SandboxInterface, name: str, value: Any) -> None:  # noqa: ANN401
    if name == "Description":
        interface.description = value["Value"]
    elif name == "SourceDestCheck":
        interface.source_dest_check = bool(value["Value"])
    elif name == "Groups":
        interface.group_set = backend.interface_groups(list(value), interface.vpc_id)
    elif name == "AssociatePublicIpAddress":
        interface.public_ip_auto_assign = bool(value)
    else:
        attachment_id = value.get("AttachmentId")
        if not attachment_id or interface.attachment_id != attachment_id:
            raise EC2ClientError(
                "InvalidAttachmentID.NotFound",
                f"The attachment ID '{attachment_id}' does not exist on {interface.id}.",
            )
        if value.get("DeleteOnTermination") is not None:
            interface.delete_on_termination = bool(value["DeleteOnTermination"])
