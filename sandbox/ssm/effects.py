"""What Amazon's own documents really do: VSS snapshots, and the reboot after patching.

Source: EC2 User Guide, "Create VSS based snapshots with Systems Manager command documents"
(parameters, reserved tags); Systems Manager User Guide, "AWS-RunPatchBaselineWithHooks".
The calls are made as the node's account, through the gate, and so keep EC2's rules.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from sandbox import inside
from sandbox.commands import Entry
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.health import health
from sandbox.ssm.owned import (
    AFTER_THE_SCAN,
    PATCH_WITH_HOOKS,
    REBOOT,
    VSS_INSTALL,
    VSS_SNAPSHOT,
    VSS_STEP,
)
from sandbox.ssm.plans import PlannedStep

RESERVED = frozenset({"Device", "AppConsistent", "AwsVssConfig"})
COMPONENTS = json.dumps({"AwsVssComponents": "2.5.0"})
REBOOT_TAKES = timedelta(seconds=15)
NOTHING = timedelta(0)
_TAG = re.compile(r"Key=(?P<key>[^,;]+),Value=(?P<value>[^;]*)")

Effect: TypeAlias = Callable[[str, str, SandboxInstance, PlannedStep, Entry], str]


class EffectError(Exception):
    """The script says that it could not do it."""


def find(document: str, step: str) -> Effect | None:
    """What a step of one of Amazon's documents does besides being run."""
    if document in (VSS_SNAPSHOT, VSS_INSTALL) and step == VSS_STEP:
        return take_vss_snapshots
    return None


def is_needless(document: str, step: str, instance: SandboxInstance) -> bool:
    """Whether a scan that found nothing missing makes the step needless."""
    if document != PATCH_WITH_HOOKS or step not in AFTER_THE_SCAN:
        return False
    return health.of("patches", instance.id, instance.image_id) == "none"


def after(
    document: str, step: PlannedStep, account: str, region: str, instance: SandboxInstance
) -> timedelta:
    """Reboot the node at the end of patching, unless told not to; how long that takes."""
    if document != PATCH_WITH_HOOKS or step.name != REBOOT:
        return NOTHING
    if json.loads(str(step.inputs["documentParameters"]))["RebootOption"] == "NoReboot":
        return NOTHING
    with suppress(ClientError, BotoCoreError):
        inside.client("ec2", account, region).reboot_instances(InstanceIds=[instance.id])
    return REBOOT_TAKES


def take_vss_snapshots(
    account: str, region: str, instance: SandboxInstance, step: PlannedStep, entry: Entry
) -> str:
    """Snapshots of the node's volumes, or with ``CreateAmi`` an image, tagged as VSS's."""
    wanted: Mapping[str, Any] = step.inputs["vss"]
    tags = _tags(str(wanted["tags"]))
    tags += [
        {"Key": "AppConsistent", "Value": "True"},
        {"Key": "AwsVssConfig", "Value": COMPONENTS},
    ]
    ec2 = inside.client("ec2", account, region)
    try:
        if wanted["CreateAmi"] == "True":
            by_device = _image(ec2, instance, wanted, tags, entry)
        else:
            by_device = _snapshots(ec2, instance, wanted, tags)
        for snapshot, device in by_device.items():
            ec2.create_tags(Resources=[snapshot], Tags=[{"Key": "Device", "Value": device}])
    except (ClientError, BotoCoreError) as error:
        raise EffectError(str(error)) from error
    entry.snapshots = tuple(by_device)
    return "\n".join([*([entry.image] if entry.image else []), *by_device])


def _image(
    ec2: Any,  # noqa: ANN401 - boto3 makes client classes at run time
    instance: SandboxInstance,
    wanted: Mapping[str, Any],
    tags: list[dict[str, str]],
    entry: Entry,
) -> dict[str, str]:
    """The image's snapshots and their devices; without ``AmiName`` there is none [NV]."""
    if not wanted["AmiName"]:
        raise EffectError("CreateAmi needs AmiName")
    if wanted["ExcludeBootVolume"] == "True":
        raise EffectError("ExcludeBootVolume must be False when CreateAmi is True")
    entry.image = ec2.create_image(
        InstanceId=instance.id,
        Name=wanted["AmiName"],
        NoReboot=True,
        TagSpecifications=[{"ResourceType": kind, "Tags": tags} for kind in ("image", "snapshot")],
        **_described(wanted),
    )["ImageId"]
    image = ec2.describe_images(ImageIds=[entry.image])["Images"][0]
    return {
        each["Ebs"]["SnapshotId"]: each["DeviceName"]
        for each in image["BlockDeviceMappings"]
        if "Ebs" in each
    }


def _snapshots(
    ec2: Any,  # noqa: ANN401 - boto3 makes client classes at run time
    instance: SandboxInstance,
    wanted: Mapping[str, Any],
    tags: list[dict[str, str]],
) -> dict[str, str]:
    """All volumes at one moment, the boot volume unless excluded."""
    exclude = wanted["ExcludeBootVolume"] == "True"
    taken = ec2.create_snapshots(
        InstanceSpecification={"InstanceId": instance.id, "ExcludeBootVolume": exclude},
        TagSpecifications=[{"ResourceType": "snapshot", "Tags": tags}],
        **_described(wanted),
    )["Snapshots"]
    devices = {block.volume_id: name for name, block in instance.get_block_device_mapping}
    return {each["SnapshotId"]: devices.get(each["VolumeId"], "") for each in taken}


def _described(wanted: Mapping[str, Any]) -> dict[str, str]:
    return {"Description": str(wanted["description"])} if wanted["description"] else {}


def _tags(text: str) -> list[dict[str, str]]:
    """``Key=a,Value=b;Key=c,Value=d``; the tags that VSS itself sets are reserved."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(";"))):
        tag = _TAG.fullmatch(part)
        if tag is None:
            raise EffectError(f"tags are Key=...,Value=... separated by semicolons, not {part}")
        if tag["key"] in RESERVED:
            raise EffectError(f"the tag {tag['key']} is reserved")
        found.append({"Key": tag["key"], "Value": tag["value"]})
    return found
