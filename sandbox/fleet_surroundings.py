"""What recorded machines stand in: VPCs, subnets, groups, keys, profiles and images."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC
from moto.iam.models import iam_backends

from sandbox import base_images
from sandbox.clock import clock
from sandbox.ec2.image_model import Traits
from sandbox.fleet_documents import Document, Machine
from sandbox.fleet_networks import blocks, ranges

MOST_BLOCKS = 5
"""VPC User Guide, "Amazon VPC quotas": IPv4 CIDR blocks per VPC."""
PROFILE = re.compile(r"arn:[^:]+:iam::(?P<account>[^:]*):instance-profile(?P<path>/.*)")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


class Surroundings:
    """Makes what the machines of one account and region refer to, where it is missing."""

    def __init__(self, backend: Any, machines: Sequence[Machine]) -> None:  # noqa: ANN401
        self._backend = backend
        self._machines = machines
        self._made: set[str] = set()

    def build(self) -> None:
        """Make everything; what exists already by the same id or name is left alone."""
        for machine in self._machines:
            self._zone(machine.zone)
        self._networks()
        self._groups()
        for machine in self._machines:
            self._key(machine.instance.get("KeyName"))
            self._profile(machine.instance.get("IamInstanceProfile") or {})
            self._image(machine)

    def _zone(self, name: str) -> None:
        """A zone that moto lacks: a Local Zone, or one newer than moto."""
        region = self._backend.region_name
        zones = RegionsAndZonesBackend.zones.setdefault(region, [])
        if not any(zone.name == name for zone in zones):
            kind = "availability-zone" if name[:-1] == region else "local-zone"
            zones.append(Zone(name, region, f"{region}-az-{name}", kind))

    def _networks(self) -> None:
        seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        homes: dict[str, tuple[str, str]] = {}
        for machine, interface in self._interfaces():
            subnet, vpc = interface.get("SubnetId"), interface.get("VpcId")
            if subnet and vpc:
                # recordings that were made anonymous may name one subnet in two VPCs
                home, _ = homes.setdefault(subnet, (vpc, machine.zone))
                seen[home][subnet].update(addresses_of(interface))
            elif vpc:
                seen[vpc].update()
        for vpc, subnets in seen.items():
            guessed = ranges(subnets)
            self._vpc(vpc, list(guessed.values()))
            for subnet, block in guessed.items():
                self._subnet(subnet, vpc, homes[subnet][1], block)

    def _interfaces(self) -> Iterator[tuple[Machine, Document]]:
        """Every recorded interface; a machine recorded without any stands in for its own."""
        for machine in self._machines:
            yield machine, machine.instance
            for interface in machine.instance.get("NetworkInterfaces") or ():
                yield machine, interface

    def _vpc(self, vpc_id: str, subnets: list[IPv4Network]) -> None:
        if vpc_id in self._backend.vpcs:
            return
        first, *others = blocks(subnets)[:MOST_BLOCKS]
        vpc = VPC(self._backend, vpc_id, str(first), is_default=False)  # type: ignore[abstract]
        vpc.enable_dns_hostnames = any(
            interface.get("PublicDnsName")
            or (interface.get("Association") or {}).get("PublicDnsName")
            for _, interface in self._interfaces()
            if interface.get("VpcId") == vpc_id
        )
        self._backend.vpcs[vpc_id] = vpc
        self._backend.create_route_table(vpc_id, main=True)
        self._backend.create_network_acl(vpc_id, default=True)
        self._backend.create_security_group(
            "default", "default VPC security group", vpc_id=vpc_id, is_default=True, force=True
        )
        for block in others:
            vpc.associate_vpc_cidr_block(str(block))

    def _subnet(self, subnet_id: str, vpc_id: str, zone: str, block: IPv4Network) -> None:
        if any(subnet_id in subnets for subnets in self._backend.subnets.values()):
            return
        subnet = Subnet(  # type: ignore[abstract]
            self._backend,
            subnet_id,
            vpc_id,
            str(block),
            None,
            self._backend.get_zone_by_name(zone),
            default_for_az=False,
            map_public_ip_on_launch=self._lends_addresses(subnet_id),
        )
        self._backend.associate_default_network_acl_with_subnet(subnet_id, vpc_id)
        self._backend.subnets[zone][subnet_id] = subnet

    def _lends_addresses(self, subnet_id: str) -> bool:
        return any(
            (interface.get("Association") or {}).get("IpOwnerId") == "amazon"
            for _, interface in self._interfaces()
            if interface.get("SubnetId") == subnet_id
        )

    def _groups(self) -> None:
        for _, interface in self._interfaces():
            vpc = interface.get("VpcId") or self._backend.default_vpc.id
            for group in (interface.get("Groups") or []) + (interface.get("SecurityGroups") or []):
                if group.get("GroupId"):
                    self._group(group["GroupId"], group.get("GroupName") or group["GroupId"], vpc)

    def _group(self, group_id: str, name: str, vpc_id: str) -> None:
        if self._backend.get_security_group_from_id(group_id) is not None:
            return
        self._made.add(group_id)
        made_up = self._made_up_default(vpc_id)
        is_default = name == "default" and made_up is not None
        if is_default:
            del self._backend.groups[vpc_id][made_up]
        self._backend.groups[vpc_id][group_id] = SecurityGroup(  # type: ignore[abstract]
            self._backend,
            group_id,
            name,
            f"{name} as recorded",
            vpc_id=vpc_id,
            is_default=is_default,
        )

    def _made_up_default(self, vpc_id: str) -> str | None:
        """The default group that a VPC was made with here, under an id nobody recorded."""
        default = self._backend.get_default_security_group(vpc_id)
        if default is None or vpc_id == self._backend.default_vpc.id or default.id in self._made:
            return None
        return str(default.id)

    def _key(self, name: str | None) -> None:
        if name and name not in self._backend.key_pairs:
            self._backend.create_key_pair(name, "ed25519", {})

    def _profile(self, recorded: Document) -> None:
        """The instance profile, and a role in it that EC2 may assume."""
        arn = PROFILE.fullmatch(recorded.get("Arn", ""))
        if arn is None:
            return
        path, _, name = arn["path"].rpartition("/")
        iam: Any = iam_backends[self._backend.account_id][self._backend.partition]
        if name in iam.instance_profiles:
            return
        if not any(role.name == name for role in iam.get_roles()):
            iam.create_role(name, TRUST, f"{path}/", None, "", [], None)
        profile = iam.create_instance_profile(name, f"{path}/", [name])
        profile.account_id = arn["account"]
        profile.id = recorded.get("Id") or profile.id

    def _image(self, machine: Machine) -> None:
        """The image it was launched from, as a public one of Amazon's."""
        image_id = machine.instance.get("ImageId")
        if not image_id or self._backend.find_image(image_id) is not None:
            return
        base_images.publish(
            machine.region,
            image_id,
            name=f"recorded/{image_id}",
            created=launched_at(machine) - timedelta(days=30),
            traits=traits(machine.instance),
            root_size=root_size(machine.instance),
        )


def addresses_of(interface: Document) -> list[str]:
    """Its private IPv4 addresses, the primary first."""
    listed = [
        each["PrivateIpAddress"]
        for each in interface.get("PrivateIpAddresses") or ()
        if each.get("PrivateIpAddress") is not None
    ]
    primary = interface.get("PrivateIpAddress")
    return list(dict.fromkeys([primary, *listed] if primary is not None else listed))


def launched_at(machine: Machine) -> datetime:
    """When it was launched; now for a recording that does not say."""
    moment: datetime = machine.instance.get("LaunchTime") or clock.now()
    return moment


def root_size(instance: Document) -> int:
    """GiB of a root volume whose size nobody recorded."""
    return base_images.WINDOWS.size if instance.get("Platform") else base_images.LINUX.size


def traits(instance: Document) -> Traits:
    """What the instance's image must have been like."""
    has_root = instance.get("RootDeviceType", "ebs") == "ebs"
    platform = instance.get("Platform")
    return Traits(
        architecture=instance.get("Architecture") or "x86_64",
        root_device_name=instance.get("RootDeviceName") or "/dev/xvda" if has_root else None,
        virtualization_type=instance.get("VirtualizationType") or "hvm",
        hypervisor=instance.get("Hypervisor") or "xen",
        platform=platform,
        platform_details=instance.get("PlatformDetails")
        or ("Windows" if platform else "Linux/UNIX"),
        usage_operation=instance.get("UsageOperation")
        or ("RunInstances:0002" if platform else "RunInstances"),
        ena_support=instance.get("EnaSupport"),
        sriov_net_support=instance.get("SriovNetSupport"),
        boot_mode=instance.get("BootMode"),
        tpm_support=instance.get("TpmSupport"),
        kernel_id=instance.get("KernelId"),
        ramdisk_id=instance.get("RamdiskId"),
    )
