"""Launches that moto's other services ask for, as the RunInstances requests that they are."""

from collections.abc import Mapping
from typing import Any

from sandbox.ec2.launch_templates import plain


def launch_request(
    image_id: str,
    count: int,
    user_data: object,
    group_names: list[str],
    kwargs: Mapping[str, Any],
) -> dict[str, Any]:
    """The request in the arguments with which Auto Scaling and the like call moto's EC2."""
    names = [*(group_names or []), *(kwargs.get("security_group_ids") or [])]
    names = [name if isinstance(name, str) else name.id for name in names]
    placement = kwargs.get("placement")
    request = {
        "ImageId": image_id,
        "MinCount": count,
        "MaxCount": count,
        "UserData": str(user_data) if user_data else None,
        "InstanceType": kwargs.get("instance_type"),
        "KeyName": kwargs.get("key_name"),
        "SubnetId": kwargs.get("subnet_id"),
        "SecurityGroupIds": [name for name in names if name.startswith("sg-")],
        "SecurityGroups": [name for name in names if not name.startswith("sg-")],
        "LaunchTemplate": plain(kwargs.get("launch_template")),
        "BlockDeviceMappings": plain(kwargs.get("block_device_mappings")),
        "AssociatePublicIpAddress": kwargs.get("associate_public_ip"),
        "PrivateIpAddress": kwargs.get("private_ip"),
    }
    if placement and not request["SubnetId"]:
        request["Placement"] = {"AvailabilityZone": placement}
    return {name: value for name, value in request.items() if value}
