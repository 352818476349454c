"""GetLaunchTemplateData: what a template must say to launch the like of an instance.

Source: EC2 API Reference, GetLaunchTemplateData; botocore's model,
``ResponseLaunchTemplateData``.
"""

from typing import Any

from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.network_interface import SandboxInterface

Document = dict[str, Any]

TAKEN_OVER = ("EbsOptimized", "ImageId", "InstanceType", "KernelId", "KeyName", "RamdiskId")
OPTIONS = {
    "CapacityReservationSpecification": None,
    "CpuOptions": ("CoreCount", "ThreadsPerCore"),
    "EnclaveOptions": ("Enabled",),
    "HibernationOptions": ("Configured",),
    "MaintenanceOptions": ("AutoRecovery",),
    "MetadataOptions": (
        "HttpTokens",
        "HttpPutResponseHopLimit",
        "HttpEndpoint",
        "HttpProtocolIpv6",
        "InstanceMetadataTags",
    ),
    "PrivateDnsNameOptions": None,
    "Placement": ("AvailabilityZone", "Affinity", "GroupName", "HostId", "Tenancy"),
}


def launch_data(instance: SandboxInstance) -> Document:
    """``ResponseLaunchTemplateData`` of an instance as it is now."""
    backend = instance.ec2_backend
    found: Document = {
        {"RamdiskId": "RamDiskId"}.get(name, name): instance.facts[name]
        for name in TAKEN_OVER
        if instance.facts.get(name)
    }
    for name, members in OPTIONS.items():
        kept = instance.facts.get(name) or {}
        found[name] = {
            key: value
            for key, value in kept.items()
            if value not in (None, "") and (members is None or key in members)
        }
    profile = instance.facts.get("IamInstanceProfile")
    if profile:
        found["IamInstanceProfile"] = {"Arn": profile["Arn"]}
    if instance.credits:
        found["CreditSpecification"] = {"CpuCredits": instance.credits}
    if instance.user_data:
        found["UserData"] = str(instance.user_data)
    found |= {
        "Monitoring": {"Enabled": instance.monitoring_state == "enabled"},
        "DisableApiTermination": instance.disable_api_termination,
        "DisableApiStop": instance.disable_api_stop,
        "InstanceInitiatedShutdownBehavior": instance.instance_initiated_shutdown_behavior,
        "NetworkInterfaces": [_interface(each) for _, each in sorted(instance.nics.items())],
        "BlockDeviceMappings": [
            _disk(device, volume, instance) for device, volume in backend.volumes_of(instance)
        ],
    }
    tags = [each for each in backend.tag_set(instance.id) if not each["Key"].startswith("aws:")]
    if tags:
        found["TagSpecifications"] = [{"ResourceType": "instance", "Tags": tags}]
    return found


def _interface(interface: SandboxInterface) -> Document:
    return {
        "AssociatePublicIpAddress": bool(interface.auto_public_ip),
        "DeleteOnTermination": bool(interface.delete_on_termination),
        "Description": interface.description,
        "DeviceIndex": interface.device_index,
        "Groups": [group.id for group in interface.group_set],
        "InterfaceType": interface.interface_type,
        "NetworkCardIndex": interface.network_card_index,
        "SubnetId": interface.subnet_id,
        "PrivateIpAddresses": [
            {"PrivateIpAddress": each, "Primary": each == interface.private_ip_address}
            for each in interface.all_addresses
        ],
    }


def _disk(device: str, volume: Any, instance: SandboxInstance) -> Document:  # noqa: ANN401
    block = instance.block_device_mapping[device]
    ebs = {
        "DeleteOnTermination": bool(block.delete_on_termination),
        "Encrypted": volume.encrypted,
        "Iops": volume.iops if volume.volume_type in {"gp3", "io1", "io2"} else None,
        "KmsKeyId": volume.kms_key_id,
        "SnapshotId": volume.snapshot_id,
        "Throughput": volume.throughput,
        "VolumeSize": volume.size,
        "VolumeType": volume.volume_type,
    }
    return {"DeviceName": device, "Ebs": ebs}
