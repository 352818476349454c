"""An instance as DescribeInstances answers with it (``Instance`` of EC2's model)."""

from typing import Any

from sandbox.ec2.dns_names import private_dns_name, public_dns_name
from sandbox.ec2.instance_model import STATE_CODES, SandboxInstance
from sandbox.ec2.network_interface import Document, SandboxInterface, group_documents

OF_THE_ACCOUNT_ONLY = frozenset({"AllocationId", "AssociationId"})
"""``InstanceNetworkInterfaceAssociation`` has no ids, unlike ``NetworkInterfaceAssociation``."""

NOT_ON_AN_INSTANCE = frozenset(
    {
        "AssociatedSubnets",
        "AvailabilityZone",
        "AvailabilityZoneId",
        "Ipv6Address",
        "PublicDnsName",
        "RequesterId",
        "RequesterManaged",
        "TagSet",
    }
)


OF_THE_PRIMARY = frozenset(
    {
        "Ipv6Address",
        "PrivateDnsName",
        "PrivateIpAddress",
        "PublicDnsName",
        "PublicIpAddress",
        "SourceDestCheck",
        "SubnetId",
        "VpcId",
    }
)
OVER_FACTS = frozenset({"Monitoring", "NetworkInterfaces", "State", "StateReason", "Tags"})
"""What the document says in place of a fact of that name."""


def instance_document(instance: SandboxInstance) -> Document:
    """Everything that is known of *instance* now."""
    state = instance.state
    found = {
        "Operator": {"Managed": False},
        **instance.facts,
        "InstanceId": instance.id,
        "State": {"Code": STATE_CODES[state], "Name": state},
        "StateTransitionReason": instance.state_transition_reason or "",
        "Monitoring": monitoring_document(instance),
        "BlockDeviceMappings": block_device_documents(instance),
        "NetworkInterfaces": [_interface(each) for _, each in sorted(instance.nics.items())],
        "SecurityGroups": group_documents(instance.security_groups),
        "Tags": instance.ec2_backend.tag_set(instance.id) or None,
        "PrivateDnsName": "",
        "PublicDnsName": "",
    }
    if instance.state_reason_document:
        found["StateReason"] = instance.state_reason_document
    if 0 in instance.nics:
        found.update(_addresses(instance))
    return found


def part_with(instance: SandboxInstance, member: str) -> Document:
    """As much of the document as has *member* in it: a filter asks that of every instance."""
    if member in OF_THE_PRIMARY and 0 in instance.nics:
        return {"PublicDnsName": "", **_addresses(instance)}
    if member == "BlockDeviceMappings":
        return {member: block_device_documents(instance)}
    if member == "SecurityGroups":
        return {member: group_documents(instance.security_groups)}
    if member in instance.facts and member not in OVER_FACTS:
        return instance.facts
    return instance_document(instance)


def monitoring_document(instance: SandboxInstance) -> Document:
    """``Monitoring`` of the model; ``pending`` with its instance (RunInstances' example)."""
    kept: Document = instance.facts.get("Monitoring") or {}
    state = instance.monitoring_state
    is_early = state == "enabled" and instance.state == "pending"
    return {**kept, "State": "pending" if is_early else state}


def block_device_documents(instance: SandboxInstance) -> list[Document]:
    """``InstanceBlockDeviceMapping`` of the model, for each attached volume."""
    found = []
    for device, block in instance.get_block_device_mapping:
        ebs = {
            "AttachTime": block.attach_time,
            "DeleteOnTermination": bool(block.delete_on_termination),
            "Status": block.status,
            "VolumeId": block.volume_id,
        }
        found.append({"DeviceName": device, "Ebs": ebs})
    return found


def _addresses(instance: SandboxInstance) -> Document:
    primary = instance.primary
    public = primary.public_ip
    found: Document = {
        "PrivateDnsName": host_name(instance),
        "PrivateIpAddress": primary.private_ip_address,
        "SourceDestCheck": primary.source_dest_check,
        "SubnetId": primary.subnet_id,
        "VpcId": primary.vpc_id,
    }
    if public:
        found["PublicIpAddress"] = public
    if public and instance.state != "pending":
        # the model of Instance.PublicDnsName: none before the instance is running
        found["PublicDnsName"] = public_dns_name(instance.ec2_backend, primary.vpc_id, public)
    if primary.ipv6_addresses:
        found["Ipv6Address"] = primary.ipv6_addresses[0]
    return found


def host_name(instance: SandboxInstance) -> str:
    """The private DNS name, by address or by instance id as the launch asked."""
    region = instance.ec2_backend.region_name
    by_address = private_dns_name(region, str(instance.primary.private_ip_address))
    options = instance.facts.get("PrivateDnsNameOptions") or {}
    if options.get("HostnameType") == "resource-name":
        return f"{instance.id}.{by_address.partition('.')[2]}"
    return by_address


def _interface(interface: SandboxInterface) -> Document:
    found = {
        name: value
        for name, value in interface.document().items()
        if name not in NOT_ON_AN_INSTANCE
    }
    found["Ipv4Prefixes"] = found.get("Ipv4Prefixes") or []
    attachment = dict(found.get("Attachment") or {})
    found["Attachment"] = {
        name: value
        for name, value in attachment.items()
        if name not in {"InstanceId", "InstanceOwnerId"}
    }
    found["PrivateIpAddresses"] = [_public_side(each) for each in found["PrivateIpAddresses"]]
    return _public_side(found)


def _public_side(item: Document) -> Document:
    association: Any = item.get("Association")
    if association is None:
        return item
    kept = {name: value for name, value in association.items() if name not in OF_THE_ACCOUNT_ONLY}
    return {**item, "Association": kept}
