"""Which private addresses of a subnet are taken, by which network interface.

An address belongs to its interface for as long as that exists, whatever its instance
does (EC2 API error codes, InsufficientFreeAddressesInSubnet: "the IP addresses of
stopped instances are considered unavailable").
"""

from collections.abc import Collection, Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.subnets import Subnet

from sandbox.ec2.errors import combination, invalid_value

if TYPE_CHECKING:
    from sandbox.ec2.network_interface import SandboxInterface

RESERVED_AT_START = 4
"""Network, router, DNS, future use (VPC User Guide, "Subnet CIDR blocks")."""
PREFIX = 28
"""An IPv4 prefix of an interface; the first and last block hold reserved addresses."""
IPV4_MARK = "."
LEAST_IPV6_HOST = 0x10


class SubnetAddresses:
    """The address book of one subnet."""

    def __init__(self, subnet: Subnet) -> None:
        self._subnet = subnet
        self._owners: dict[str, SandboxInterface] = {}
        self._next = RESERVED_AT_START
        self._next_ipv6 = LEAST_IPV6_HOST

    def owner(self, address: str) -> "SandboxInterface | None":
        """The interface that has *address*, if one has."""
        return self._owners.get(address)

    def take(self, address: str, interface: "SandboxInterface") -> None:
        """*address* belongs to *interface* from now on."""
        self._owners[address] = interface

    def give_back(self, address: str) -> None:
        """*address* is free again."""
        self._owners.pop(address, None)

    def take_prefixes(self, prefixes: Collection[str], interface: "SandboxInterface") -> None:
        """Every address in *prefixes* belongs to *interface*."""
        for address in addresses_of(prefixes):
            self.take(address, interface)
            # moto counts what is left of a subnet by single addresses
            self._subnet._available_ip_addresses -= 1

    def give_back_prefixes(self, prefixes: Collection[str]) -> None:
        """Every address in *prefixes* is free again."""
        for address in addresses_of(prefixes):
            self.give_back(address)
            self._subnet._available_ip_addresses += 1

    def check(self, address: str) -> str:
        """*address* itself when an interface may have it; EC2's refusal otherwise.

        ``InvalidParameterValue`` outside the range or reserved, ``InvalidIPAddress.InUse``
        when taken (EC2 API error codes).
        """
        try:
            wanted = IPv4Address(address)
        except AddressValueError as error:
            raise invalid_value(f"Invalid IPv4 address: '{address}'") from error
        if wanted not in self._cidr:
            raise invalid_value(
                f"Address {address} does not fall within the subnet's address range"
            )
        place = int(wanted) - int(self._cidr.network_address)
        if place < RESERVED_AT_START or wanted == self._cidr.broadcast_address:
            raise invalid_value(f"Address {address} is in subnet's reserved address range")
        if address in self._owners:
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {address} is in use.")
        return address

    def free(self, count: int, besides: Collection[str] = ()) -> list[str]:
        """*count* addresses that nobody has, none of them among *besides*."""
        last = self._cidr.num_addresses - 2
        found: list[str] = []
        for _ in range(RESERVED_AT_START, last + 1):
            if len(found) == count:
                break
            address = str(self._cidr[self._next])
            self._next = self._next + 1 if self._next < last else RESERVED_AT_START
            if address not in besides and not self._is_taken(address):
                found.append(address)
        if len(found) < count:
            raise EC2ClientError(
                "InsufficientFreeAddressesInSubnet",
                f"There are not enough free addresses in subnet '{self._subnet.id}' "
                "to satisfy the requested number of instances.",
            )
        return found

    def free_prefixes(self, count: int) -> list[str]:
        """*count* blocks of 16 addresses none of which anybody has (/28, aligned).

        Source: EC2 User Guide "ec2-prefix-eni"; EC2 API error codes,
        InsufficientCidrBlocks ("not enough contiguous space").
        """
        found: list[str] = []
        if not count:
            return found
        blocks = [] if self._cidr.prefixlen > PREFIX else self._cidr.subnets(new_prefix=PREFIX)
        for block in list(blocks)[1:-1]:
            if len(found) < count and not any(self._is_taken(str(each)) for each in block):
                found.append(str(block))
        if len(found) < count:
            raise EC2ClientError(
                "InsufficientCidrBlocks",
                f"There are not enough free blocks in subnet '{self._subnet.id}'.",
            )
        return found

    def how_many_free(self) -> int:
        """How many interfaces more would find an address here."""
        taken = sum(IPV4_MARK in address for address in self._owners)
        return max(0, self._cidr.num_addresses - RESERVED_AT_START - 1 - taken)

    def free_ipv6(self, count: int) -> list[str]:
        """*count* unused addresses of the subnet's IPv6 block."""
        found: list[str] = []
        while len(found) < count:
            address = str(self._ipv6_cidr[self._next_ipv6])
            self._next_ipv6 += 1
            if address not in self._owners:
                found.append(address)
        return found

    def check_ipv6(self, address: str) -> str:
        """*address* itself when it is a free one of the subnet's IPv6 block."""
        try:
            wanted = ip_address(address)
        except ValueError as error:
            raise invalid_value(f"Invalid IPv6 address: '{address}'") from error
        if wanted not in self._ipv6_cidr:
            raise invalid_value(
                f"Address {address} does not fall within the subnet's address range"
            )
        if str(wanted) in self._owners:
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {address} is in use.")
        return str(wanted)

    @property
    def _cidr(self) -> IPv4Network:
        if not isinstance(self._subnet.cidr, IPv4Network):
            raise invalid_value(f"The subnet '{self._subnet.id}' has no IPv4 CIDR block")
        return self._subnet.cidr

    @property
    def _ipv6_cidr(self) -> IPv6Network:
        for block in self._subnet.ipv6_cidr_block_associations.values():
            if block["ipv6CidrBlockState"]["State"] == "associated":
                return IPv6Network(block["ipv6CidrBlock"])
        raise invalid_value(f"The subnet '{self._subnet.id}' does not have an IPv6 CIDR block")

    def _is_taken(self, address: str) -> bool:
        # moto's own services (EFS, say) note their addresses on the subnet
        return address in self._owners or address in self._subnet._subnet_ips


def plan_addresses(book: SubnetAddresses, wanted: dict[str, Any]) -> list[str]:
    """The private addresses an interface will have, the primary first.

    *wanted* is shaped like ``InstanceNetworkInterfaceSpecification``: ``PrivateIpAddress``,
    ``PrivateIpAddresses`` and ``SecondaryPrivateIpAddressCount``.
    """
    listed = wanted.get("PrivateIpAddresses") or []
    primaries = [each["PrivateIpAddress"] for each in listed if each.get("Primary")]
    secondaries = [each["PrivateIpAddress"] for each in listed if not each.get("Primary")]
    count = int(wanted.get("SecondaryPrivateIpAddressCount") or 0)
    primary = wanted.get("PrivateIpAddress")
    if len(primaries) > 1 or (primary and primaries and primaries != [primary]):
        raise combination("Only one primary private IP address can be specified.")
    if count and secondaries:
        raise combination(
            "The parameters secondaryPrivateIpAddressCount and privateIpAddresses "
            "cannot be used together."
        )
    chosen = [book.check(each) for each in (*primaries, *([primary] if primary else ()))][:1]
    chosen += [book.check(each) for each in secondaries]
    if not primaries and not primary:
        chosen = [*book.free(1, chosen), *chosen]
    if len(set(chosen)) < len(chosen):
        raise invalid_value("The same private IP address is given more than once.")
    return chosen + book.free(count, chosen)


def addresses_of(prefixes: Iterable[str]) -> list[str]:
    """Every address in *prefixes*."""
    return [str(each) for prefix in prefixes for each in IPv4Network(prefix)]
