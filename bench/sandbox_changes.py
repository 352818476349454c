"""Changes in a full world: none may cost more because there is much already."""

from collections.abc import Callable
from typing import Any

from bench.served import image_tags
from bench.stopwatch import Stopwatch
from bench.world import request

GROUP = "changes, one call each"
TAKES = 50.0
CREATE_IMAGE_TAKES = 10.0
TIMES = 50


def measure(ec2: Any, watch: Stopwatch) -> None:  # noqa: ANN401
    """Launch, image, tag, disable and deregister; each call is made several times."""
    instances = _some_instances(ec2)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    made: list[str] = []

    def create(instance_id: str) -> None:
        tags = [{"Key": key, "Value": value} for key, value in image_tags(instance_id, "x").items()]
        answer = ec2.create_image(
            InstanceId=instance_id,
            Name=f"{instance_id} bench",
            NoReboot=True,
            TagSpecifications=[
                {"ResourceType": kind, "Tags": tags} for kind in ("image", "snapshot")
            ],
        )
        made.append(answer["ImageId"])

    watch.answers(
        GROUP, "CreateImage", [_of(create, each) for each in instances], limit=CREATE_IMAGE_TAKES
    )
    _wait_for(ec2, made)
    steps: list[tuple[str, Callable[[str], Any]]] = [
        ("CreateTags", lambda each: ec2.create_tags(Resources=[each], Tags=[_TAG])),
        ("DeleteTags", lambda each: ec2.delete_tags(Resources=[each], Tags=[_TAG])),
        ("DisableImage", lambda each: ec2.disable_image(ImageId=each)),
        ("EnableImage", lambda each: ec2.enable_image(ImageId=each)),
        (
            "DeregisterImage with its snapshots",
            lambda each: ec2.deregister_image(ImageId=each, DeleteAssociatedSnapshots=True),
        ),
    ]
    for name, act in steps:
        watch.answers(GROUP, name, [_of(act, each) for each in made], limit=TAKES)
    many = instances * (1000 // max(1, len(instances)))
    watch.answers(
        GROUP,
        "CreateTags on many resources",
        [lambda: ec2.create_tags(Resources=many[:1000], Tags=[_TAG])] * 3,
    )
    watch.answers(
        GROUP,
        "RunInstances",
        [lambda: ec2.run_instances(**request(subnet, 1, 1))] * (TIMES // 5),
        limit=TAKES,
    )


_TAG = {"Key": "snapback:state", "Value": "quarantined"}


def _of(act: Callable[[str], Any], each: str) -> Callable[[], Any]:
    return lambda: act(each)


def _some_instances(ec2: Any) -> list[str]:  # noqa: ANN401
    """The last of the fleet: they come after everything else in every listing."""
    pages = ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000})
    found = [
        instance["InstanceId"]
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]
    return found[-TIMES:]


def _wait_for(ec2: Any, images: list[str]) -> None:  # noqa: ANN401
    """Until the images are available: 30 seconds of the sandbox's clock."""
    ec2.get_waiter("image_available").wait(
        ImageIds=images, WaiterConfig={"Delay": 5, "MaxAttempts": 20}
    )
