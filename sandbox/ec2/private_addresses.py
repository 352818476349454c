"""Secondary private addresses: given to an interface, taken from it, moved to another.

Source: EC2 API Reference, AssignPrivateIpAddresses and UnassignPrivateIpAddresses; EC2
API error codes (Resource.AlreadyAssigned, PrivateIpAddressLimitExceeded).
"""

from collections.abc import Sequence
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.interfaces import InterfaceRules
from sandbox.ec2.network_interface import SandboxInterface
from sandbox.ec2.subnet_addresses import addresses_of
from sandbox.ec2.wire import DocumentResult


class PrivateAddressRules(InterfaceRules):
    """Which secondary private addresses an interface has."""

    def assign(
        self,
        interface: SandboxInterface,
        addresses: Sequence[str],
        count: int,
        *,
        may_reassign: bool,
    ) -> list[str]:
        """Give *addresses*, or *count* free ones.

        An address of another interface only if *may_reassign*, and then its Elastic IP
        address moves along with it.
        """
        book = self.address_book(interface.subnet)
        if addresses and count:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "The parameters privateIpAddresses and secondaryPrivateIpAddressCount "
                "cannot be used together.",
            )
        new = [each for each in addresses if each not in interface.all_addresses]
        check_address_count(interface, len(interface.all_addresses) + len(new) + count)
        for address in new:
            owner = book.owner(address)
            if owner is None:
                book.check(address)
            elif not may_reassign or owner.private_ip_address == address:
                raise EC2ClientError(
                    "Resource.AlreadyAssigned",
                    f"[{address}] is already assigned to another interface. Unassign it first, "
                    "or allow reassignment.",
                )
        new += book.free(count) if count else []
        for address in new:
            self._take_address(interface, address)
        return [*(each for each in addresses if each not in new), *new]

    def assign_prefixes(
        self, interface: SandboxInterface, listed: Sequence[str], count: int
    ) -> list[str]:
        """Give the blocks *listed*, or *count* free ones (AssignPrivateIpAddresses)."""
        book = self.address_book(interface.subnet)
        for address in addresses_of(listed):
            book.check(address)
        given = list(listed) or book.free_prefixes(count)
        book.take_prefixes(given, interface)
        interface.ipv4_prefixes.extend(given)
        return given

    def unassign_prefixes(self, interface: SandboxInterface, prefixes: Sequence[str]) -> None:
        """Take blocks away that the interface has (UnassignPrivateIpAddresses)."""
        for prefix in prefixes:
            if prefix not in interface.ipv4_prefixes:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"Some of [{prefix}] are not assigned to interface {interface.id}",
                )
        for prefix in prefixes:
            interface.ipv4_prefixes.remove(prefix)
        self.address_book(interface.subnet).give_back_prefixes(prefixes)

    def _take_address(self, interface: SandboxInterface, address: str) -> None:
        book = self.address_book(interface.subnet)
        former = book.owner(address)
        interface.private_ip_addresses.append({"Primary": False, "PrivateIpAddress": address})
        book.take(address, interface)
        if former is None:
            return
        former.private_ip_addresses = [
            each for each in former.private_ip_addresses if each["PrivateIpAddress"] != address
        ]
        elastic = former.elastic.get(address)
        if elastic is not None:
            elastic.bind(interface, address)

    def unassign(self, interface: SandboxInterface, addresses: Sequence[str]) -> None:
        """Take secondary *addresses* away; an Elastic IP address there is disassociated."""
        for address in addresses:
            if address not in interface.all_addresses:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"Some of [{address}] are not assigned to interface {interface.id}",
                )
            if address == interface.private_ip_address:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"The primary private IP address {address} cannot be unassigned.",
                )
        for address in addresses:
            elastic = interface.elastic.get(address)
            if elastic is not None:
                elastic.unbind()
            interface.private_ip_addresses = [
                each
                for each in interface.private_ip_addresses
                if each["PrivateIpAddress"] != address
            ]
            self.address_book(interface.subnet).give_back(address)

    @override
    def assign_ipv6_addresses(
        self, eni_id: str, ipv6_addresses: list[str] | None = None, ipv6_count: int | None = None
    ) -> SandboxInterface:
        """Give *ipv6_addresses* and *ipv6_count* free ones (AssignIpv6Addresses)."""
        interface = self.get_network_interface(eni_id)
        book = self.address_book(interface.subnet)
        given = [book.check_ipv6(each) for each in ipv6_addresses or ()]
        given += book.free_ipv6(ipv6_count or 0)
        for address in given:
            book.take(address, interface)
        interface.ipv6_addresses.extend(given)
        return interface

    @override
    def unassign_ipv6_addresses(self, eni_id: str, ips: list[str] | None = None) -> list[str]:
        """Take IPv6 addresses away (UnassignIpv6Addresses)."""
        interface = self.get_network_interface(eni_id)
        for address in ips or ():
            if address not in interface.ipv6_addresses:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"Some of [{address}] are not assigned to interface {eni_id}",
                )
            interface.ipv6_addresses.remove(address)
            self.address_book(interface.subnet).give_back(address)
        return list(ips or ())


class PrivateAddressActions(EC2Response):
    """AssignPrivateIpAddresses and UnassignPrivateIpAddresses on the wire."""

    @override
    def assign_private_ip_addresses(self) -> ActionResult:
        """By list or by count; ``AllowReassignment`` takes them from elsewhere."""
        interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        count = self._get_int_param("Ipv4PrefixCount", 0)
        listed = self._get_param("Ipv4Prefixes", [])
        if count or listed:
            prefixes = self.ec2_backend.assign_prefixes(interface, listed, count)
            return DocumentResult(
                {
                    "NetworkInterfaceId": interface.id,
                    "AssignedIpv4Prefixes": [{"Ipv4Prefix": each} for each in prefixes],
                }
            )
        given = self.ec2_backend.assign(
            interface,
            self._get_param("PrivateIpAddresses", []),
            self._get_int_param("SecondaryPrivateIpAddressCount", 0),
            may_reassign=bool(self._get_param("AllowReassignment")),
        )
        assigned: list[dict[str, Any]] = [{"PrivateIpAddress": each} for each in given]
        return DocumentResult(
            {"NetworkInterfaceId": interface.id, "AssignedPrivateIpAddresses": assigned}
        )

    @override
    def unassign_private_ip_addresses(self) -> ActionResult:
        """Only secondary addresses, and only ones that the interface has."""
        interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        self.ec2_backend.unassign_prefixes(interface, self._get_param("Ipv4Prefixes", []))
        self.ec2_backend.unassign(interface, self._get_param("PrivateIpAddresses", []))
        return EmptyResult()


def check_address_count(interface: SandboxInterface, count: int) -> None:
    """Refuse more addresses than the instance's type allows on one interface."""
    if interface.instance is None:
        return
    instance_type = interface.instance.instance_type
    network = INSTANCE_TYPES.get(instance_type, {}).get("NetworkInfo", {})
    if count > network.get("Ipv4AddressesPerInterface", count):
        raise EC2ClientError(
            "PrivateIpAddressLimitExceeded",
            f"Number of private addresses will exceed limit for {instance_type}.",
        )
