"""Elastic IP addresses on the wire.

Source: botocore's model, the request shapes of the actions; their API Reference pages.
"""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.addresses import AddressRules, SandboxAddress
from sandbox.ec2.document_filters import document_tags, path_readers
from sandbox.ec2.filters import select
from sandbox.ec2.wire import DocumentResult

ADDRESS_FILTERS = path_readers(
    {
        "allocation-id": "AllocationId",
        "association-id": "AssociationId",
        "domain": "Domain",
        "instance-id": "InstanceId",
        "network-border-group": "NetworkBorderGroup",
        "network-interface-id": "NetworkInterfaceId",
        "network-interface-owner-id": "NetworkInterfaceOwnerId",
        "private-ip-address": "PrivateIpAddress",
        "public-ip": "PublicIp",
    }
)
"""Source: botocore's model, DescribeAddressesRequest.Filters."""


class AddressActions(EC2Response):
    """What a caller may do with Elastic IP addresses."""

    @override
    def allocate_address(self) -> ActionResult:
        """A new address, or the one of ``Address`` when it is still to be had."""
        tags = self._parse_tag_specification().get("elastic-ip", {})
        self.error_on_dryrun()
        made = self._addresses.allocate_address("vpc", self._get_param("Address"), tags)
        return DocumentResult(
            {
                "AllocationId": made.allocation_id,
                "Domain": "vpc",
                "NetworkBorderGroup": self.region,
                "PublicIp": made.public_ip,
                "PublicIpv4Pool": "amazon",
            }
        )

    @override
    def associate_address(self) -> ActionResult:
        """Reassociation is automatic unless ``AllowReassociation`` is false.

        "You can specify either the instance ID or the network interface ID, but not both"
        (EC2 API Reference, AssociateAddress) [NV: the code].
        """
        backend = self._addresses
        address = self._named()
        instance_id = self._get_param("InstanceId")
        interface_id = self._get_param("NetworkInterfaceId")
        if instance_id and interface_id:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "You may specify instanceId or networkInterfaceId, but not both",
            )
        self.error_on_dryrun()
        instance = self.ec2_backend.get_instance(instance_id) if instance_id else None
        interface = backend.get_network_interface(interface_id) if interface_id else None
        may = self._get_param("AllowReassociation")
        association_id = backend.bind_address(
            address,
            instance=instance,
            interface=interface,
            private=self._get_param("PrivateIpAddress"),
            may_reassociate=may is None or bool(may),
        )
        return DocumentResult({"AssociationId": association_id})

    @override
    def disassociate_address(self) -> ActionResult:
        """By association id; by public address as moto has it, too."""
        backend = self._addresses
        association_id = self._get_param("AssociationId")
        public_ip = self._get_param("PublicIp")
        if not association_id and not public_ip:
            raise EC2ClientError(
                "MissingParameter", "Either public IP or association id must be specified"
            )
        self.error_on_dryrun()
        address = backend.find_address(association_id=association_id, public_ip=public_ip)
        if address.eni is None:
            raise EC2ClientError(
                "InvalidAssociationID.NotFound", f"Address {public_ip} is not associated"
            )
        backend.unbind_address(address)
        return EmptyResult()

    @override
    def release_address(self) -> ActionResult:
        """Only one that is associated with nothing."""
        address = self._named()
        self.error_on_dryrun()
        self._addresses.drop_address(address)
        return EmptyResult()

    @override
    def describe_addresses(self) -> ActionResult:
        """By ids, public addresses or filters; there are no pages of it."""
        backend = self._addresses
        self.error_on_dryrun()
        backend.settle()
        ids = self._get_param("AllocationIds", [])
        ips = self._get_param("PublicIps", [])
        chosen = [backend.find_address(allocation_id=each) for each in ids]
        chosen += [backend.find_address(public_ip=each) for each in ips]
        if not ids and not ips:
            chosen = [each for each in backend.addresses if isinstance(each, SandboxAddress)]
        documents: list[Any] = [each.document() for each in dict.fromkeys(chosen)]
        filters = self._get_param("Filters", [])
        return DocumentResult(
            {"Addresses": select(documents, filters, ADDRESS_FILTERS, document_tags)}
        )

    def _named(self) -> SandboxAddress:
        allocation_id = self._get_param("AllocationId")
        public_ip = self._get_param("PublicIp")
        if not allocation_id and not public_ip:
            raise EC2ClientError(
                "MissingParameter", "Either public IP or allocation id must be specified"
            )
        return self._addresses.find_address(allocation_id=allocation_id, public_ip=public_ip)

    @property
    def _addresses(self) -> AddressRules:
        backend: AddressRules = self.ec2_backend
        return backend
