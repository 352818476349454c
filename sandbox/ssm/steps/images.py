"""``aws:createImage``, ``aws:copyImage``, ``aws:deleteImage`` and ``aws:createTags``.

Source: Systems Manager User Guide, the pages of these actions: making an image waits for it,
deleting one deletes "all related snapshots".
"""

from typing import Any

from sandbox.ssm.automation_model import StepFailed
from sandbox.ssm.steps.task import CALL_TAKES, Task, Work, next_poll


def create(task: Task) -> Work:
    """CreateImage; the step lasts until the image is available, and fails with it."""
    made = task.call(
        "ec2",
        "create_image",
        InstanceId=task.text("InstanceId"),
        Name=task.text("ImageName"),
        NoReboot=task.flag("NoReboot"),
        **task.given(
            Description="ImageDescription",
            BlockDeviceMappings="BlockDeviceMappings",
            TagSpecifications="TagSpecifications",
        ),
    )
    return (yield from _until_available(task, made["ImageId"]))


def copy(task: Task) -> Work:
    """CopyImage into this region; waits like ``aws:createImage``."""
    made = task.call(
        "ec2",
        "copy_image",
        SourceImageId=task.text("SourceImageId"),
        SourceRegion=task.text("SourceRegion"),
        Name=task.text("ImageName"),
        Encrypted=task.flag("Encrypted"),
        **task.given(
            Description="ImageDescription", KmsKeyId="KmsKeyId", ClientToken="ClientToken"
        ),
    )
    return (yield from _until_available(task, made["ImageId"]))


def delete(task: Task) -> Work:
    """DeregisterImage, then DeleteSnapshot for each of its snapshots."""
    image = _image(task, task.text("ImageId"))
    task.call("ec2", "deregister_image", ImageId=image["ImageId"])
    yield CALL_TAKES
    for device in image["BlockDeviceMappings"]:
        if "Ebs" in device:
            task.call("ec2", "delete_snapshot", SnapshotId=device["Ebs"]["SnapshotId"])
    yield CALL_TAKES
    return {}


def create_tags(task: Task) -> Work:
    """CreateTags on EC2 resources; other types of resources are not there."""
    if task.text("ResourceType", "EC2") != "EC2":
        raise StepFailed("Only resources of the type EC2 can be tagged in the sandbox.")
    task.call("ec2", "create_tags", Resources=task.texts("ResourceIds"), Tags=task.inputs["Tags"])
    yield CALL_TAKES
    return {}


def _until_available(task: Task, image_id: str) -> Work:
    task.step.outputs["ImageId"] = image_id
    image = _image(task, image_id)
    while image["State"] == "pending":
        yield next_poll(task.begun)
        image = _image(task, image_id)
    yield CALL_TAKES
    if image["State"] != "available":
        reason = image.get("StateReason", {}).get("Message", "")
        raise StepFailed(f"The image {image_id} is {image['State']}: {reason}")
    return {"ImageId": image_id, "ImageState": "available"}


def _image(task: Task, image_id: str) -> dict[str, Any]:
    found = task.call("ec2", "describe_images", ImageIds=[image_id])["Images"]
    if not found:
        raise StepFailed(f"The image {image_id} doesn't exist.")
    image: dict[str, Any] = found[0]
    return image
