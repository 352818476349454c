"""The network interfaces of a recorded instance, with their addresses and groups."""

from collections.abc import Iterator
from typing import Any

from moto.ec2.models.security_groups import SecurityGroup

from sandbox.accounts import ACCOUNT_ID
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.network_interface import SandboxInterface
from sandbox.fleet_documents import Document, Machine
from sandbox.fleet_surroundings import addresses_of, launched_at

GONE = frozenset({"shutting-down", "terminated"})
OF_AN_INTERFACE = frozenset(
    {
        "Association",
        "Attachment",
        "Description",
        "Groups",
        "Ipv6Addresses",
        "OwnerId",
        "PrivateIpAddress",
        "PrivateIpAddresses",
        "SourceDestCheck",
        "Status",
    }
)
"""What the sandbox's interface says itself, since it can change."""


def attach_interfaces(backend: Any, instance: SandboxInstance, machine: Machine) -> None:  # noqa: ANN401
    """Give *instance* the interfaces of the recording, each where it was attached."""
    for interface in _interfaces(machine):
        index = (interface.get("Attachment") or {}).get("DeviceIndex", 0)
        home = machine.instance.get("SubnetId") if index == 0 else None
        _attach_interface(backend, instance, interface, home or interface.get("SubnetId"))


def has_interface(recorded: Document) -> bool:
    """Whether the machine has interfaces, recorded or to be made up.

    Not one of EC2-Classic (a private address but no VPC), nor one that is gone.
    """
    if recorded.get("NetworkInterfaces"):
        return True
    if (recorded.get("State") or {}).get("Name") in GONE:
        return False
    if recorded.get("SubnetId"):
        return True
    nowhere = not recorded.get("PrivateIpAddress") and not recorded.get("PublicIpAddress")
    return nowhere and "NetworkInterfaces" not in recorded and not recorded.get("VpcId")


def _interfaces(machine: Machine) -> Iterator[Document]:
    """The recorded interfaces; one from what the machine itself says, when there are none."""
    recorded = machine.instance
    if recorded.get("NetworkInterfaces"):
        yield from recorded["NetworkInterfaces"]
    elif has_interface(recorded):
        public = recorded.get("PublicIpAddress")
        yield {
            "PrivateIpAddress": recorded.get("PrivateIpAddress"),
            "Groups": recorded.get("SecurityGroups") or [],
            "SourceDestCheck": recorded.get("SourceDestCheck", True),
            "Association": {"IpOwnerId": "amazon", "PublicIp": public} if public else {},
            "Attachment": {"AttachTime": launched_at(machine), "DeleteOnTermination": True},
        }


def _default_subnet(backend: Any, zone: str) -> str | None:  # noqa: ANN401 - ours
    by_zone = {
        subnet.availability_zone: subnet.id
        for subnets in backend.subnets.values()
        for subnet in subnets.values()
        if subnet.vpc_id == backend.default_vpc.id
    }
    return by_zone.get(zone) or next(iter(by_zone.values()), None)


def groups_of(backend: Any, listed: list[Document] | None) -> list[SecurityGroup]:  # noqa: ANN401
    """The groups named, of those that exist."""
    found = [backend.get_security_group_from_id(each.get("GroupId")) for each in listed or ()]
    return [group for group in found if group is not None]


def _attach_interface(
    backend: Any,  # noqa: ANN401 - ours
    instance: SandboxInstance,
    recorded: Document,
    subnet_id: str | None,
) -> None:
    home = subnet_id or _default_subnet(backend, instance.availability_zone)
    subnet = backend.get_subnet(home)
    addresses = addresses_of(recorded) or backend.address_book(subnet).free(1)
    interface = SandboxInterface(  # type: ignore[abstract]
        backend,
        subnet,
        addresses,
        groups=groups_of(backend, recorded.get("Groups")),
        description=recorded.get("Description") or "",
        ipv6_addresses=[
            each["Ipv6Address"]
            for each in recorded.get("Ipv6Addresses") or ()
            if each.get("Ipv6Address")
        ],
    )
    interface._group_set = groups_of(backend, recorded.get("Groups"))
    interface.id = recorded.get("NetworkInterfaceId") or interface.id
    interface.mac_address = recorded.get("MacAddress", interface.mac_address)
    interface.source_dest_check = recorded.get("SourceDestCheck", True)
    interface.interface_type = recorded.get("InterfaceType") or "interface"
    interface.settings = {
        name: value for name, value in recorded.items() if name not in OF_AN_INTERFACE
    }
    backend.add_interface(interface)
    attachment = recorded.get("Attachment") or {}
    index = attachment.get("DeviceIndex", 0)
    interface.attach(
        instance,
        index,
        delete_on_termination=attachment.get("DeleteOnTermination", index == 0),
        card=attachment.get("NetworkCardIndex", 0),
    )
    interface.attachment_id = attachment.get("AttachmentId") or interface.attachment_id
    interface.attach_time = attachment.get("AttachTime") or instance.launch_time
    interface.attachment_status = attachment.get("Status") or "attached"
    for private, association in _associations(recorded, addresses[0]):
        _give_public(backend, interface, private, association)


def _associations(recorded: Document, primary: str) -> Iterator[tuple[str, Document]]:
    """Each private address with the public side it has; the primary's may be told once only."""
    seen = False
    for each in recorded.get("PrivateIpAddresses") or ():
        if (each.get("Association") or {}).get("PublicIp"):
            seen = seen or each.get("PrivateIpAddress") == primary
            yield each.get("PrivateIpAddress", primary), each["Association"]
    if not seen and (recorded.get("Association") or {}).get("PublicIp"):
        yield primary, recorded["Association"]


def _give_public(
    backend: Any,  # noqa: ANN401 - ours
    interface: SandboxInterface,
    private: str,
    association: Document,
) -> None:
    """An Elastic IP address where an account owns it, else one that Amazon lends."""
    public = association["PublicIp"]
    if not ACCOUNT_ID.fullmatch(association.get("IpOwnerId") or ""):
        interface.public_ip_auto_assign = True
        interface.auto_public_ip = public
        return
    address = backend.allocate_address("vpc", address=public)
    address.bind(interface, private)
