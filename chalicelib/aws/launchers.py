"""Auto Scaling: which images its launch configurations and groups would launch.

DescribeImageReferences does not know of them (EC2 User Guide, AMI references). Groups that
launch from a template are found through the template; what is read of a group itself are
the images that a mixed-instances policy names for single types.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_autoscaling.type_defs import AutoScalingGroupTypeDef

_Users = dict[str, tuple[str, ...]]


class LauncherReader:
    """What Auto Scaling launches in one region."""

    def __init__(self, client: "Callable[[], AutoScalingClient]", region: str) -> None:
        """*client* is asked for on first use: only expiry ever asks Auto Scaling."""
        self._client = client
        self._region = region

    def images(self) -> _Users:
        """Every image that Auto Scaling may launch, and what names it."""
        found: _Users = {}
        client = self._client()
        with translated(f"read launch configurations in {self._region}"):
            for page in client.get_paginator("describe_launch_configurations").paginate():
                for each in page["LaunchConfigurations"]:
                    name = f"launch configuration {each['LaunchConfigurationName']}"
                    _add(found, each.get("ImageId", ""), name)
        with translated(f"read Auto Scaling groups in {self._region}"):
            for groups in client.get_paginator("describe_auto_scaling_groups").paginate():
                for group in groups["AutoScalingGroups"]:
                    for image in _overrides(group):
                        _add(found, image, f"Auto Scaling group {group['AutoScalingGroupName']}")
        return found


def _overrides(group: "AutoScalingGroupTypeDef") -> set[str]:
    """The images that overrides of a mixed-instances policy name; most groups have none (F44)."""
    template = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    images = {str(override.get("ImageId", "")) for override in template.get("Overrides", [])}
    return images - {""}


def _add(found: _Users, image: str, user: str) -> None:
    if image:
        found[image] = (*found.get(image, ()), user)
