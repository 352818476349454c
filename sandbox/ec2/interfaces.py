"""Network interfaces: making, attaching, detaching, deleting, and their private addresses.

Sources: EC2 API Reference pages of the actions; EC2 API error codes; EC2 User Guide
"network-interface-attachments" (the primary interface can never be detached).
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_network_interfaces import Attachment
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.network_interface import SandboxInterface
from sandbox.ec2.subnet_addresses import SubnetAddresses, addresses_of, plan_addresses
from sandbox.ec2.timeline import TimelineRules

DETACHING = timedelta(seconds=2)
USABLE = frozenset({"running", "stopped"})


class InterfaceRules(TimelineRules):
    """The network interfaces of one account and region."""

    def address_book(self, subnet: Subnet) -> SubnetAddresses:
        """Who has which private address of *subnet*."""
        books: dict[str, SubnetAddresses] = self.__dict__.setdefault("_address_books", {})
        if subnet.id not in books:
            books[subnet.id] = SubnetAddresses(subnet)
        return books[subnet.id]

    def add_interface(self, interface: SandboxInterface) -> SandboxInterface:
        """Let *interface* exist, and its addresses be its own."""
        self.enis[interface.id] = interface
        book = self.address_book(interface.subnet)
        for address in (*interface.all_addresses, *interface.ipv6_addresses):
            book.take(address, interface)
        book.take_prefixes(interface.ipv4_prefixes, interface)
        return interface

    def new_interface(self, subnet: Subnet, wanted: dict[str, Any]) -> SandboxInterface:
        """An interface as *wanted* (shaped like ``InstanceNetworkInterfaceSpecification``)."""
        book = self.address_book(subnet)
        groups = self.interface_groups(wanted.get("Groups") or [], subnet.vpc_id)
        asked = [each["Ipv6Address"] for each in wanted.get("Ipv6Addresses") or ()]
        ipv6 = [book.check_ipv6(each) for each in asked]
        ipv6 += book.free_ipv6(int(wanted.get("Ipv6AddressCount") or 0))
        interface = SandboxInterface(  # type: ignore[abstract]
            self,
            subnet,
            plan_addresses(book, wanted),
            groups=groups,
            description=wanted.get("Description") or "",
            ipv6_addresses=ipv6,
        )
        interface.ipv4_prefixes = _prefixes(book, wanted)
        for name in ("ConnectionTrackingConfiguration", "InterfaceType"):
            if wanted.get(name):
                interface.settings[name] = wanted[name]
        return self.add_interface(interface)

    @override
    def create_network_interface(
        self,
        subnet: Any,
        private_ip_address: Any = None,
        private_ip_addresses: list[Any] | None = None,
        group_ids: list[str] | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        delete_on_termination: bool | None = False,
        **_: Any,
    ) -> SandboxInterface:
        """For moto's other services (NAT gateways, endpoints, EFS), which make addresses up."""
        where = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
        asked = (
            private_ip_address[0] if isinstance(private_ip_address, list) else private_ip_address
        )
        try:
            addresses = [self.address_book(where).check(str(asked))]
        except EC2ClientError:
            addresses = self.address_book(where).free(1)
        known = [each for each in group_ids or () if self.get_security_group_from_id(each)]
        interface = SandboxInterface(  # type: ignore[abstract]
            self,
            where,
            addresses,
            groups=self.interface_groups(known, where.vpc_id),
            description=description or "",
        )
        interface.delete_on_termination = delete_on_termination
        self.tags[interface.id].update(tags or {})
        return self.add_interface(interface)

    def interface_groups(self, ids: Sequence[str], vpc_id: str) -> list[SecurityGroup]:
        """The groups with *ids*, all of the VPC; its default group when there are none.

        ``InvalidGroup.NotFound``, and ``InvalidParameterValue`` for a group of another
        VPC (EC2 API error codes).
        """
        found = []
        for group_id in ids:
            group = self.groups.get(vpc_id, {}).get(group_id) or self._group(group_id)
            if group.vpc_id != vpc_id:
                raise EC2ClientError(
                    "InvalidParameter",
                    f"Security group {group_id} and subnet belong to different networks.",
                )
            found.append(group)
        if found:
            return found
        default = self.get_default_security_group(vpc_id)
        return [default] if default else []

    def _group(self, group_id: str) -> SecurityGroup:
        group = self.get_security_group_from_id(group_id)
        if group is None:
            raise EC2ClientError(
                "InvalidGroup.NotFound", f"The security group '{group_id}' does not exist"
            )
        return group

    @override
    def get_network_interface(self, eni_id: str) -> SandboxInterface:
        """The interface *eni_id*, brought up to the clock."""
        self.settle()
        interface = self.enis.get(eni_id)
        if interface is None:
            if not re.fullmatch(r"eni-[0-9a-f]{8}([0-9a-f]{9})?", eni_id or ""):
                raise EC2ClientError(
                    "InvalidNetworkInterfaceId.Malformed", f'Invalid id: "{eni_id}"'
                )
            raise EC2ClientError(
                "InvalidNetworkInterfaceID.NotFound",
                f"The networkInterface ID '{eni_id}' does not exist",
            )
        assert isinstance(interface, SandboxInterface)  # noqa: S101 - all ours
        return interface

    @override
    def delete_network_interface(self, eni_id: str) -> None:
        """Delete an interface that is attached to nothing (DeleteNetworkInterface)."""
        interface = self.get_network_interface(eni_id)
        if interface.status == "in-use":
            raise EC2ClientError(
                "InvalidNetworkInterface.InUse",
                f"Network interface '{eni_id}' is currently in use.",
            )
        self.drop_interface(interface)

    @override
    def delete_subnet(self, subnet_id: str) -> Subnet:
        """Delete a subnet that nothing is in.

        Source: EC2 API Reference, DeleteSubnet ("you must terminate all running instances
        in the subnet before you can delete the subnet"); EC2 API error codes,
        DependencyViolation.
        """
        self.settle()
        subnet = self.get_subnet(subnet_id)
        if any(each.subnet is subnet for each in self.enis.values()):
            raise EC2ClientError(
                "DependencyViolation",
                f"The subnet '{subnet_id}' has dependencies and cannot be deleted.",
            )
        return super().delete_subnet(subnet_id)

    @override
    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        """Delete a group that no interface is in.

        Source: EC2 API Reference, DeleteSecurityGroup ("if you attempt to delete a security
        group that is associated with an instance or network interface ... the operation
        fails with DependencyViolation").
        """
        self.settle()
        for interface in self.enis.values():
            for group in interface.group_set:
                if group.id == group_id or (group_id is None and group.name == name):
                    raise EC2ClientError(
                        "DependencyViolation", f"resource {group.id} has a dependent object"
                    )
        super().delete_security_group(name, group_id)

    def drop_interface(self, interface: SandboxInterface) -> None:
        """The interface exists no more; its addresses are free, its Elastic ones unbound."""
        for address in list(interface.elastic.values()):
            address.unbind()
        interface.detach()
        book = self.address_book(interface.subnet)
        for private in (*interface.all_addresses, *interface.ipv6_addresses):
            book.give_back(private)
        book.give_back_prefixes(interface.ipv4_prefixes)
        self.enis.pop(interface.id, None)
        self.tags.pop(interface.id, None)

    def check_unused(self, interface: SandboxInterface) -> SandboxInterface:
        """Refuse an interface that is attached (``InvalidNetworkInterface.InUse``)."""
        if interface.status != "available":
            raise EC2ClientError(
                "InvalidNetworkInterface.InUse",
                f"Interface: [{interface.id}] in use.",
            )
        return interface

    @override
    def attach_network_interface(
        self, eni_id: str, instance_id: str, device_index: int, card: int = 0
    ) -> Attachment:
        """Attach to a running or stopped instance of the same zone (AttachNetworkInterface)."""
        interface = self.check_unused(self.get_network_interface(eni_id))
        instance = self.get_instance(instance_id)
        index = int(device_index)
        if instance.state not in USABLE:
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance_id}' is not in the 'running' or 'stopped' state.",
            )
        if interface.availability_zone != instance.availability_zone:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "You may not attach a network interface to an instance if they are not in the "
                "same availability zone",
            )
        if index in instance.nics:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Instance '{instance_id}' already has an interface attached at device index "
                f"'{index}'.",
            )
        check_interface_count(instance.instance_type, len(instance.nics) + 1)
        interface.attach(instance, index, delete_on_termination=False, card=card)
        return interface.attachment  # type: ignore[return-value]

    @override
    def detach_network_interface(self, attachment_id: str, *, force: bool = False) -> None:
        """Detach any but the primary interface; it takes a moment (DetachNetworkInterface)."""
        interface = self.interface_of_attachment(attachment_id)
        if interface.device_index == 0 and interface.network_card_index == 0:
            raise EC2ClientError(
                "OperationNotPermitted",
                "The network interface at device index 0 and networkCard index 0 cannot be "
                "detached.",
            )
        if force:
            interface.detach()
            return
        interface.attachment_status = "detaching"
        self.timeline.at(clock.now() + DETACHING, _detach_if_still(interface, attachment_id))

    def interface_of_attachment(self, attachment_id: str) -> SandboxInterface:
        """The interface that is attached by *attachment_id*."""
        self.settle()
        for interface in self.enis.values():
            if attachment_id and interface.attachment_id == attachment_id:
                return interface  # type: ignore[return-value]
        if not re.fullmatch(r"eni-attach-(?:[0-9a-f]{8}|[0-9a-f]{17})", attachment_id):
            raise EC2ClientError(
                "InvalidNetworkInterfaceAttachmentId.Malformed", f'Invalid id: "{attachment_id}"'
            )
        raise EC2ClientError(
            "InvalidAttachmentID.NotFound",
            f"The attachment ID '{attachment_id}' does not exist.",
        )


def _prefixes(book: SubnetAddresses, wanted: dict[str, Any]) -> list[str]:
    """``Ipv4Prefixes`` or ``Ipv4PrefixCount``, not together with secondary addresses.

    Source: EC2 API Reference, CreateNetworkInterface ("you can't specify IPv4 prefixes if
    you've specified ... private IP addresses") [NV: the code].
    """
    listed = [each["Ipv4Prefix"] for each in wanted.get("Ipv4Prefixes") or ()]
    count = int(wanted.get("Ipv4PrefixCount") or 0)
    several = any(not each.get("Primary") for each in wanted.get("PrivateIpAddresses") or ())
    others = bool(wanted.get("SecondaryPrivateIpAddressCount")) or several
    if [bool(listed), bool(count), others].count(True) > 1:
        raise EC2ClientError(
            "InvalidParameterCombination",
            "IPv4 prefixes, a number of them and secondary private addresses exclude each other.",
        )
    for address in addresses_of(listed):
        book.check(address)
    return listed or book.free_prefixes(count)


def check_interface_count(instance_type: str, count: int) -> None:
    """Refuse more interfaces than the type can have (``AttachmentLimitExceeded``)."""
    most = INSTANCE_TYPES.get(instance_type, {}).get("NetworkInfo", {})
    if count > most.get("MaximumNetworkInterfaces", count):
        raise EC2ClientError(
            "AttachmentLimitExceeded",
            f"Interface count {count} exceeds the limit for {instance_type}",
        )


def _detach_if_still(interface: SandboxInterface, attachment_id: str) -> Any:  # noqa: ANN401
    def detach(_: datetime) -> None:
        if interface.attachment_id == attachment_id:
            interface.detach()

    return detach
