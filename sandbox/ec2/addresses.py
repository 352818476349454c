"""Public addresses: Elastic ones that the account keeps, and ones that Amazon lends.

Sources: EC2 API Reference, AllocateAddress, AssociateAddress, DisassociateAddress,
ReleaseAddress; EC2 User Guide "using-instance-addressing" and "elastic-ip-addresses-eip"
(a lent address goes at stop and never comes back; no new one with a second interface or
with an Elastic IP address on a private address of the instance).
"""

import itertools
from ipaddress import IPv4Address
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.utils import random_eip_association_id
from typing_extensions import override

from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.network_interface import SandboxInterface
from sandbox.ec2.private_addresses import PrivateAddressRules

_PUBLIC_POOL = IPv4Address("52.0.0.0")
_serials = itertools.count(1)
ASSOCIABLE = frozenset({"running", "stopped", "stopping"})


def public_address() -> str:
    """A public address that nobody has had before in this process."""
    return str(_PUBLIC_POOL + next(_serials) * 7919 % 2**24)


class SandboxAddress(ElasticAddress):
    """An Elastic IP address, bound to one private address of one interface or to none."""

    eni: Any = None
    """The interface it is bound to; moto declares less than it keeps here."""
    _private: str | None = None

    @property
    def private_ip_address(self) -> str | None:
        """The private address it is bound to."""
        return self._private

    @property
    def instance_id(self) -> str:
        """The instance whose interface has that private address; empty without one."""
        instance = self.eni.instance if self.eni else None
        return instance.id if instance else ""

    def bind(self, interface: SandboxInterface, private: str) -> str:
        """Stand for *private* on *interface*; what was bound there is not any more."""
        self.unbind()
        former = interface.elastic.get(private)
        if former is not None:
            former.unbind()
        interface.elastic[private] = self
        if private == interface.private_ip_address:
            # a lent address goes back to Amazon when an Elastic one takes its place
            interface.auto_public_ip = None
        self.eni = interface
        self._private = private
        self.association_id = random_eip_association_id()
        return self.association_id

    def unbind(self) -> None:
        """Stand for nothing; the address stays the account's."""
        if self.eni is not None and self._private is not None:
            self.eni.elastic.pop(self._private, None)
        self.eni = None
        self._private = None
        self.association_id = None

    def document(self) -> dict[str, Any]:
        """``Address`` of the model."""
        found: dict[str, Any] = {
            "AllocationId": self.allocation_id,
            "Domain": "vpc",
            "NetworkBorderGroup": self.ec2_backend.region_name,
            "PublicIp": self.public_ip,
            "PublicIpv4Pool": "amazon",
            "Tags": self.ec2_backend.tag_set(str(self.allocation_id)),
        }
        if self.eni is not None:
            found |= {
                "AssociationId": self.association_id,
                "InstanceId": self.instance_id,
                "NetworkInterfaceId": self.eni.id,
                "NetworkInterfaceOwnerId": self.eni.owner_id,
                "PrivateIpAddress": self._private,
            }
        return found


class AddressRules(PrivateAddressRules):
    """The Elastic IP addresses of one account and region, and the lent ones."""

    @override
    def allocate_address(
        self, domain: str, address: str | None = None, tags: dict[str, str] | None = None
    ) -> SandboxAddress:
        """A new address for the account (AllocateAddress)."""
        made = SandboxAddress(  # type: ignore[abstract]
            self, "vpc", address or public_address()
        )
        self.tags[str(made.allocation_id)].update(tags or {})
        self.addresses.append(made)
        return made

    def find_address(
        self,
        *,
        allocation_id: str | None = None,
        association_id: str | None = None,
        public_ip: str | None = None,
    ) -> SandboxAddress:
        """The one address with that id.

        ``InvalidAllocationID.NotFound``, ``InvalidAssociationID.NotFound`` or
        ``InvalidAddress.NotFound`` without (EC2 API error codes).
        """
        self.settle()
        for each in self.addresses:
            assert isinstance(each, SandboxAddress)  # noqa: S101 - all ours
            if allocation_id and each.allocation_id == allocation_id:
                return each
            if association_id and each.association_id == association_id:
                return each
            if public_ip and each.public_ip == public_ip:
                return each
        if allocation_id:
            code, what = "InvalidAllocationID.NotFound", f"The allocation ID '{allocation_id}'"
        elif association_id:
            code, what = "InvalidAssociationID.NotFound", f"The association ID '{association_id}'"
        else:
            code, what = "InvalidAddress.NotFound", f"Address '{public_ip}'"
        raise EC2ClientError(code, f"{what} does not exist")

    def bind_address(
        self,
        address: SandboxAddress,
        *,
        instance: SandboxInstance | None,
        interface: SandboxInterface | None,
        private: str | None,
        may_reassociate: bool = True,
    ) -> str:
        """Associate *address* and answer the association's id (AssociateAddress).

        Idempotent. ``Resource.AlreadyAssociated`` when it is elsewhere and may not be
        moved; ``IncorrectInstanceState`` for a pending instance; several interfaces need
        the interface named (EC2 API error codes).
        """
        target = interface or self._only_interface(instance)
        where = private or str(target.private_ip_address)
        if where not in target.all_addresses:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"The address {where} does not belong to interface {target.id}",
            )
        if address.eni is not None and (address.eni, address._private) == (target, where):
            return str(address.association_id)
        if address.eni is not None and not may_reassociate:
            raise EC2ClientError(
                "Resource.AlreadyAssociated",
                f"resource {address.allocation_id} is already associated with associate-id "
                f"{address.association_id}",
            )
        if target.instance is not None:
            _check_associable(target.instance)
        former = address.eni
        bound = address.bind(target, where)
        if former is not None and former is not target:
            self.lend_again(former)
        return bound

    def _only_interface(self, instance: SandboxInstance | None) -> SandboxInterface:
        if instance is None:
            raise EC2ClientError(
                "MissingParameter", "Either instanceId or networkInterfaceId must be specified"
            )
        _check_associable(instance)
        if len(instance.nics) > 1:
            raise EC2ClientError(
                "InvalidInstanceID",
                f"There are multiple interfaces attached to instance '{instance.id}'. "
                "Please specify an interface ID for the operation instead.",
            )
        return instance.primary

    @override
    def associate_address(
        self,
        instance: Any = None,
        eni: Any = None,
        address: str | None = None,
        allocation_id: str | None = None,
        reassociate: bool = False,
    ) -> SandboxAddress:
        """For moto's other services (NAT gateways)."""
        found = self.find_address(allocation_id=allocation_id, public_ip=address)
        self.bind_address(
            found, instance=instance, interface=eni, private=None, may_reassociate=reassociate
        )
        return found

    def unbind_address(self, address: SandboxAddress) -> None:
        """Disassociate; the instance may be lent a public address again."""
        interface = address.eni
        address.unbind()
        if interface is not None:
            self.lend_again(interface)

    def drop_address(self, address: SandboxAddress) -> None:
        """Give the address back to Amazon (ReleaseAddress); refused while associated."""
        if address.eni is not None:
            raise EC2ClientError(
                "InvalidIPAddress.InUse", f"Address {address.public_ip} is in use."
            )
        self.addresses.remove(address)
        self.tags.pop(str(address.allocation_id), None)

    def lend_again(self, interface: SandboxInterface) -> None:
        """A public address for a running instance that lost its Elastic one."""
        instance = interface.instance
        if isinstance(instance, SandboxInstance) and instance.state == "running":
            self.lend(instance)

    def lend(self, instance: SandboxInstance) -> None:
        """Lend the primary interface a public address, where EC2 does so by itself."""
        primary = instance.nics.get(0)
        if not isinstance(primary, SandboxInterface) or not primary.public_ip_auto_assign:
            return
        if len(instance.nics) > 1 or primary.elastic:
            return
        primary.auto_public_ip = public_address()


def _check_associable(instance: Any) -> None:  # noqa: ANN401 - moto's or ours
    if instance.state not in ASSOCIABLE:
        raise EC2ClientError(
            "IncorrectInstanceState" if instance.state == "pending" else "InvalidInstanceID",
            f"The instance '{instance.id}' is not in a valid state for this operation "
            f"({instance.state}).",
        )
