"""``EC2 AMI State Change``: an image is available, failed, disabled or deregistered.

Source: EC2 User Guide, "Monitor AMI events using Amazon EventBridge".
"""

import re
from datetime import datetime
from typing import Any

from sandbox.bus import Bus
from sandbox.calls import Call
from sandbox.clock import clock
from sandbox.ec2.image_model import Image
from sandbox.fault_rules import MAKE_IMAGES
from sandbox.place import Place, text
from sandbox.replies import Reply

CHANGES = {
    "DeregisterImage": "deregistered",
    "DisableImage": "disabled",
    "EnableImage": "available",
}
_IMAGE = re.compile(rb"<imageId>(ami-[^<]+)</imageId>")


def observe(bus: Bus, place: Place, backend: Any, call: Call, reply: Reply) -> None:  # noqa: ANN401
    """Note an image that *call* begins to make, or send what it did to one."""
    if call.action in CHANGES:
        _tell(
            bus,
            place,
            text(call.parameters.get("ImageId")),
            state=CHANGES[call.action],
            at=clock.now(),
        )
    elif call.action in MAKE_IMAGES and (found := _IMAGE.search(reply.body)):
        image = backend.amis.get(found[1].decode())
        if isinstance(image, Image):
            bus.later(image.available_at, lambda: _end(bus, place, image))


def _end(bus: Bus, place: Place, image: Image) -> None:
    if image.deregistered:
        return
    code, message = image.failure or ("", "")
    state = "failed" if code else "available"
    _tell(bus, place, image.id, state=state, at=image.available_at, message=message)


def _tell(
    bus: Bus, place: Place, image_id: str, *, state: str, at: datetime, message: str = ""
) -> None:
    bus.emit(
        "EC2 AMI State Change",
        **place.where(),
        at=at,
        resources=[f"arn:aws:ec2:{place.region}::image/{image_id}"],
        detail={
            "RequestId": place.request_id,
            "ImageId": image_id,
            "State": state,
            "ErrorMessage": message,
        },
    )
