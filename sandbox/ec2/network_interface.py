"""One network interface: its addresses, its groups and what it is attached to."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from moto.ec2.utils import random_eni_attach_id
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.dns_names import private_dns_name, public_dns_name

if TYPE_CHECKING:
    from sandbox.ec2.addresses import SandboxAddress

Document = dict[str, Any]


class SandboxInterface(NetworkInterface):
    """An ENI that owns its private addresses and knows which of them are public."""

    auto_public_ip: str | None = None
    """A public address that Amazon lent to the primary private one."""
    attachment_status: str | None = None
    network_card_index: int = 0

    def __init__(
        self,
        ec2_backend: Any,  # noqa: ANN401 - as moto declares it
        subnet: Subnet,
        addresses: list[str],
        *,
        groups: list[SecurityGroup],
        description: str = "",
        ipv6_addresses: list[str] | None = None,
        wants_public_ip: bool = False,
    ) -> None:
        self.elastic: dict[str, SandboxAddress] = {}
        self.settings: Document = {}
        self.ipv4_prefixes: list[str] = []
        super().__init__(
            ec2_backend,
            subnet,
            addresses[0],
            [{"Primary": n == 0, "PrivateIpAddress": each} for n, each in enumerate(addresses)],
            group_ids=[group.id for group in groups],
            description=description,
            ipv6_addresses=list(ipv6_addresses or ()),
        )
        self.public_ip_auto_assign = wants_public_ip

    @property
    def group_set(self) -> list[SecurityGroup]:
        """The security groups; an instance has those of its primary interface."""
        return self._group_set

    @group_set.setter
    def group_set(self, groups: list[SecurityGroup]) -> None:
        self._group_set = groups

    @property
    def public_ip(self) -> str | None:
        """The public address of the primary private one: Elastic, or lent by Amazon."""
        elastic = self.elastic.get(str(self.private_ip_address))
        return elastic.public_ip if elastic else self.lent

    @public_ip.setter
    def public_ip(self, value: str | None) -> None:
        """Moto assigns here when it makes an interface; ours is derived."""

    @override
    def start(self) -> None:
        """Moto lends a public address here; ``AddressRules`` decides that instead."""

    @override
    def stop(self) -> None:
        """Moto takes the public address back here; ``AddressRules`` decides that instead."""

    @property
    def lent(self) -> str | None:
        """What Amazon lends, as soon as it shows: an instance that is pending has none yet.

        Source: EC2 API Reference, RunInstances, whose examples answer without one.
        """
        is_early = self.instance is not None and self.instance.state == "pending"
        return None if is_early else self.auto_public_ip

    @property
    def all_addresses(self) -> list[str]:
        """The private IPv4 addresses, the primary first."""
        return [str(each["PrivateIpAddress"]) for each in self.private_ip_addresses]

    def attach(
        self,
        instance: Any,  # noqa: ANN401
        device_index: int,
        *,
        delete_on_termination: bool,
        card: int = 0,
    ) -> str:
        """Become the interface of *instance* at *device_index*; answers the attachment's id."""
        self.instance = instance
        instance.nics[device_index] = self
        self.device_index = device_index
        self.network_card_index = card
        self.attachment_id = random_eni_attach_id()
        self.attach_time = clock.now()
        self.attachment_status = "attached"
        self.delete_on_termination = delete_on_termination
        self.status = "in-use"
        return self.attachment_id

    def detach(self) -> None:
        """Belong to no instance any more."""
        if self.instance is not None and self.device_index is not None:
            self.instance.nics.pop(self.device_index, None)
        self.instance = None
        self.attachment_id = self.attach_time = self.attachment_status = None
        self.device_index = None
        self.status = "available"
        # nothing is lent to an interface that comes to its next instance ready made
        self.auto_public_ip = None
        self.public_ip_auto_assign = False

    def attachment_document(self) -> Document | None:
        """``NetworkInterfaceAttachment`` of the model, while there is one."""
        if self.attachment_id is None or self.instance is None:
            return None
        return {
            "AttachTime": self.attach_time,
            "AttachmentId": self.attachment_id,
            "DeleteOnTermination": bool(self.delete_on_termination),
            "DeviceIndex": self.device_index,
            "NetworkCardIndex": self.network_card_index,
            "InstanceId": self.instance.id,
            "InstanceOwnerId": self.instance.owner_id,
            "Status": self.attachment_status,
        }

    def association_document(self, address: str) -> Document | None:
        """The public side of one private address, if it has one."""
        elastic = self.elastic.get(address)
        lent = self.lent if address == self.private_ip_address else None
        if elastic is None and lent is None:
            return None
        public_ip = elastic.public_ip if elastic else str(lent)
        found: Document = {
            "PublicIp": public_ip,
            "PublicDnsName": public_dns_name(self.ec2_backend, self.vpc_id, public_ip),
            "IpOwnerId": self.owner_id if elastic else "amazon",
        }
        if elastic:
            found["AllocationId"] = elastic.allocation_id
            found["AssociationId"] = elastic.association_id
        return found

    def document(self) -> Document:
        """``NetworkInterface`` of the model."""
        primary = str(self.private_ip_address)
        found = {
            "AvailabilityZone": self.availability_zone,
            "AvailabilityZoneId": self.subnet.availability_zone_id,
            "Description": self.description,
            "Groups": group_documents(self._group_set),
            "InterfaceType": self.interface_type,
            "Ipv6Addresses": [{"Ipv6Address": each} for each in self.ipv6_addresses],
            "MacAddress": self.mac_address,
            "NetworkInterfaceId": self.id,
            "OwnerId": self.owner_id,
            "PrivateDnsName": private_dns_name(self.ec2_backend.region_name, primary),
            "PrivateIpAddress": primary,
            "PrivateIpAddresses": [self._address(each) for each in self.private_ip_addresses],
            "RequesterManaged": self.requester_managed,
            "SourceDestCheck": self.source_dest_check,
            "Status": self.status,
            "SubnetId": self.subnet_id,
            "TagSet": self.ec2_backend.tag_set(self.id),
            "VpcId": self.vpc_id,
            **self.settings,
        }
        if self.ipv4_prefixes:
            found["Ipv4Prefixes"] = [{"Ipv4Prefix": each} for each in self.ipv4_prefixes]
        association = self.association_document(primary)
        attachment = self.attachment_document()
        if association:
            found["Association"] = association
            found["PublicDnsName"] = association["PublicDnsName"]
        if attachment:
            found["Attachment"] = attachment
        if self.ipv6_addresses:
            found["Ipv6Address"] = self.ipv6_addresses[0]
        return found

    def _address(self, item: Document) -> Document:
        address = str(item["PrivateIpAddress"])
        found = {
            "PrivateIpAddress": address,
            "PrivateDnsName": private_dns_name(self.ec2_backend.region_name, address),
            "Primary": address == self.private_ip_address,
        }
        association = self.association_document(address)
        return {**found, "Association": association} if association else found


def group_documents(groups: list[SecurityGroup]) -> list[Document]:
    """``GroupIdentifier`` of the model, for each group."""
    return [{"GroupId": group.id, "GroupName": group.name} for group in groups]


def seconds_only(moment: datetime) -> datetime:
    """*moment* as EC2 keeps it: whole seconds."""
    return moment.replace(microsecond=0)
