"""The network interfaces of a launch: existing ones, new ones, and which may be which.

Sources: botocore's model, ``RunInstancesRequest`` ("if you specify a network interface,
you must specify any ... as part of the network interface") and
``InstanceNetworkInterfaceSpecification``; EC2 User Guide "using-instance-addressing".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.subnets import Subnet

from sandbox.ec2.errors import combination
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.instances import InstanceRules
from sandbox.ec2.interfaces import check_interface_count
from sandbox.ec2.network_interface import SandboxInterface
from sandbox.ec2.subnet_addresses import plan_addresses

Spec = dict[str, Any]

INSTANCE_LEVEL = {
    "SubnetId": "an instance-level subnet ID",
    "SecurityGroupIds": "instance-level security groups",
    "SecurityGroups": "instance-level security groups",
    "PrivateIpAddress": "an instance-level private address",
    "Ipv6Addresses": "instance-level IPv6 addresses",
    "Ipv6AddressCount": "instance-level IPv6 addresses",
}
ONLY_FOR_NEW = (
    "SubnetId",
    "Groups",
    "Description",
    "PrivateIpAddress",
    "PrivateIpAddresses",
    "SecondaryPrivateIpAddressCount",
    "Ipv6Addresses",
    "Ipv6AddressCount",
)
"""Each "applies only if creating a network interface when launching an instance"."""


@dataclass(slots=True, kw_only=True)
class Port:
    """One interface of the launch: an existing one, or a subnet and wishes for a new one."""

    index: int
    card: int = 0
    existing: SandboxInterface | None = None
    subnet: Subnet
    wanted: Spec = field(default_factory=dict)
    delete_on_termination: bool = True
    wants_public_ip: bool = False


class LaunchNetworkRules(InstanceRules):
    """How a launch gets its network interfaces."""

    def plan_network(self, request: Mapping[str, Any], zone: str | None) -> list[Port]:
        """The interfaces to launch with, the primary first, all in one zone."""
        specs = request.get("NetworkInterfaces") or []
        if specs:
            for name, what in INSTANCE_LEVEL.items():
                if request.get(name):
                    raise combination(
                        f"Network interfaces and {what} may not be specified on the same request"
                    )
        else:
            specs = [self._instance_level(request, zone)]
        _check_indexes(specs)
        check_interface_count(str(request.get("InstanceType") or ""), len(specs))
        ports = sorted(
            (self._port(spec, zone, alone=len(specs) == 1, many=_many(request)) for spec in specs),
            key=lambda port: (port.card, port.index),
        )
        zones = {port.subnet.availability_zone for port in ports}
        if len(zones) > 1 or (zone and zones != {zone}):
            raise EC2ClientError(
                "InvalidParameterValue",
                f"The availability zone {zone or ''} does not match the subnets' "
                f"({', '.join(sorted(zones))}).",
            )
        return ports

    def _instance_level(self, request: Mapping[str, Any], zone: str | None) -> Spec:
        subnet = self._subnet(request.get("SubnetId"), zone)
        groups = list(request.get("SecurityGroupIds") or [])
        for name in request.get("SecurityGroups") or []:
            if request.get("SubnetId"):
                raise combination(
                    "The parameter groupName cannot be used with the parameter subnet"
                )
            group = self.get_security_group_from_name(name, subnet.vpc_id)
            if group is None:
                raise EC2ClientError(
                    "InvalidGroup.NotFound", f"The security group '{name}' does not exist"
                )
            groups.append(group.id)
        return {
            "DeviceIndex": 0,
            "SubnetId": subnet.id,
            "Groups": groups,
            "PrivateIpAddress": request.get("PrivateIpAddress"),
            "Ipv6Addresses": request.get("Ipv6Addresses"),
            "Ipv6AddressCount": request.get("Ipv6AddressCount"),
            "AssociatePublicIpAddress": request.get("AssociatePublicIpAddress"),
        }

    def _port(self, spec: Mapping[str, Any], zone: str | None, *, alone: bool, many: bool) -> Port:
        public = spec.get("AssociatePublicIpAddress")
        if public and (not alone or spec["DeviceIndex"] != 0):
            raise combination(
                "The associatePublicIPAddress parameter cannot be specified when launching with "
                "multiple network interfaces."
            )
        if spec.get("NetworkInterfaceId"):
            return self._existing(spec, many=many)
        subnet = self._subnet(spec.get("SubnetId"), zone)
        if many and (spec.get("PrivateIpAddress") or spec.get("PrivateIpAddresses")):
            raise combination(
                "A private IP address cannot be specified when launching more than one instance."
            )
        self.interface_groups(spec.get("Groups") or [], subnet.vpc_id)
        plan_addresses(self.address_book(subnet), dict(spec))
        by_subnet = alone and str(subnet.map_public_ip_on_launch).lower() == "true"
        delete = spec.get("DeleteOnTermination")
        return Port(
            index=int(spec["DeviceIndex"]),
            card=int(spec.get("NetworkCardIndex") or 0),
            subnet=subnet,
            wanted=dict(spec),
            delete_on_termination=True if delete is None else bool(delete),
            wants_public_ip=by_subnet if public is None else bool(public),
        )

    def _existing(self, spec: Mapping[str, Any], *, many: bool) -> Port:
        interface = self.check_unused(self.get_network_interface(spec["NetworkInterfaceId"]))
        refused = [name for name in ONLY_FOR_NEW if spec.get(name)]
        refused += [
            name for name in ("AssociatePublicIpAddress", "DeleteOnTermination") if spec.get(name)
        ]
        if refused:
            raise combination(
                f"The parameter {refused[0]} may not be specified for an existing network interface"
            )
        if many:
            raise combination(
                "A network interface can be specified only when launching one instance."
            )
        return Port(
            index=int(spec["DeviceIndex"]),
            card=int(spec.get("NetworkCardIndex") or 0),
            existing=interface,
            subnet=interface.subnet,
            delete_on_termination=False,
        )

    def plug_in(
        self, instance: SandboxInstance, ports: Sequence[Port], tags: Mapping[str, str]
    ) -> None:
        """Make the new interfaces and attach all of them to *instance*."""
        for port in ports:
            interface = port.existing
            if interface is None:
                wanted = {"Description": "", **port.wanted}
                interface = self.new_interface(port.subnet, wanted)
                interface.public_ip_auto_assign = port.wants_public_ip
                if tags:
                    self.tags[interface.id].update(tags)
            interface.attach(
                instance,
                port.index,
                delete_on_termination=port.delete_on_termination,
                card=port.card,
            )
        self.lend(instance)

    def _subnet(self, subnet_id: str | None, zone: str | None) -> Subnet:
        """The named subnet, else the default one of the zone, else any default one."""
        if subnet_id:
            return self.get_subnet(subnet_id)
        vpc = self.get_default_vpc()
        if vpc is None:
            raise EC2ClientError(
                "VPCIdNotSpecified",
                "No default VPC for this user. GroupName is only supported for EC2-Classic and "
                "default VPC.",
            )
        # moto takes the first subnet of a zone for a default one, whatever its network
        defaults = {
            name: each for name, each in self.get_default_subnets().items() if each.vpc_id == vpc.id
        }
        if zone and zone in defaults:
            return defaults[zone]
        if zone or not defaults:
            where = f"availability zone: '{zone}'" if zone else "the default VPC"
            raise EC2ClientError("MissingInput", f"No default subnet for {where}.")
        return defaults[min(defaults)]


def _many(request: Mapping[str, Any]) -> bool:
    return int(request.get("MaxCount") or 1) > 1


def _check_indexes(specs: Sequence[Mapping[str, Any]]) -> None:
    """Every interface has its own place, one of them the first (EC2 API error codes)."""
    for spec in specs:
        if spec.get("DeviceIndex") is None:
            raise EC2ClientError(
                "InvalidParameterValue", "Each network interface requires a device index."
            )
    places = [(int(spec.get("NetworkCardIndex") or 0), int(spec["DeviceIndex"])) for spec in specs]
    if len(set(places)) < len(places):
        raise EC2ClientError(
            "InvalidParameterValue", "Each network interface requires a unique device index."
        )
    if (0, 0) not in places:
        raise EC2ClientError(
            "InvalidParameterValue",
            "When specifying network interfaces, you must include a device at index 0.",
        )
