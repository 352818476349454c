"""What a run made in a real account: the only things it may change, and all to be removed."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import jmespath  # type: ignore[import-untyped]
from botocore.exceptions import ClientError

TAG = "snapback-contract"

MAKES = {
    "AllocateAddress": "[AllocationId]",
    "CopyImage": "[ImageId]",
    "CopySnapshot": "[SnapshotId]",
    "CreateImage": "[ImageId]",
    "CreateNetworkInterface": "[NetworkInterface.NetworkInterfaceId]",
    "CreateSnapshot": "[SnapshotId]",
    "CreateSnapshots": "Snapshots[].SnapshotId",
    "CreateVolume": "[VolumeId]",
    "RegisterImage": "[ImageId]",
    "RunInstances": "Instances[].InstanceId",
}
"""Every operation that may make something, and where its answer names it."""

TAGGED = {
    "AllocateAddress": ("elastic-ip",),
    "CopyImage": ("image", "snapshot"),
    "CopySnapshot": ("snapshot",),
    "CreateImage": ("image", "snapshot"),
    "CreateNetworkInterface": ("network-interface",),
    "CreateSnapshot": ("snapshot",),
    "CreateSnapshots": ("snapshot",),
    "CreateVolume": ("volume",),
    "RegisterImage": ("image",),
    "RunInstances": ("instance", "volume", "network-interface"),
}

CHANGES = frozenset(
    {
        "AssignPrivateIpAddresses",
        "AssociateAddress",
        "AttachNetworkInterface",
        "AttachVolume",
        "CreateTags",
        "DeleteNetworkInterface",
        "DeleteSnapshot",
        "DeleteTags",
        "DeleteVolume",
        "DeregisterImage",
        "DetachNetworkInterface",
        "DetachVolume",
        "DisableImage",
        "DisableImageDeprecation",
        "DisableImageDeregistrationProtection",
        "DisassociateAddress",
        "EnableImage",
        "EnableImageDeprecation",
        "EnableImageDeregistrationProtection",
        "ModifyImageAttribute",
        "ModifyInstanceAttribute",
        "ModifyInstanceMetadataOptions",
        "ModifyNetworkInterfaceAttribute",
        "ModifySnapshotAttribute",
        "ModifyVolume",
        "MonitorInstances",
        "RebootInstances",
        "ReleaseAddress",
        "StartInstances",
        "StopInstances",
        "TerminateInstances",
        "UnassignPrivateIpAddresses",
        "UnmonitorInstances",
    }
)
"""Every operation that may change something of the run's own."""

LOOKS = ("Describe", "Get", "List")
ONLY_USED = ("ami", "snap", "subnet", "sg", "vpc")
"""Kinds of ids that an operation which makes something only reads."""

_ID = re.compile(r"\b(?P<kind>[a-z]+(?:-[a-z]+)*)-(?P<rest>[0-9a-f]{8}|[0-9a-f]{17})\b")
MADE_UP = re.compile(r"0123456789abcdef0|0{8,17}")
"""The end of ids that rules about unknown ids make up."""

Params = dict[str, Any]


class NotOursError(AssertionError):
    """A call would have touched something that this run did not make. Nothing was sent."""


class Ledger:
    """The ids that one run made, a tag on each of them, and the way to remove them."""

    def __init__(self, ec2: Any) -> None:  # noqa: ANN401 - boto3 makes client classes at run time
        """*ec2* is a plain client, for looking up and cleaning up."""
        self.run = uuid4().hex[:12]
        self.made: dict[str, None] = {}
        self._ec2 = ec2

    def watch(self, client: Any) -> None:  # noqa: ANN401 - boto3 makes client classes at run time
        """See every call of *client* before it is sent, and every answer."""
        client.meta.events.register("provide-client-params.*", self._before)
        client.meta.events.register("after-call.*", self._after)

    def _before(self, params: Params, model: Any, **_: Any) -> Params:  # noqa: ANN401
        operation = str(model.name)
        if operation.startswith(LOOKS) or params.get("DryRun"):
            return params
        if str(model.service_model.service_name) != "ec2":
            raise NotOursError(f"{operation} is not for a real account")
        if operation not in MAKES and operation not in CHANGES:
            raise NotOursError(f"{operation} is not among what a run may do")
        strangers = [each for each in self._strangers(operation, params) if not self._is_ours(each)]
        if strangers:
            raise NotOursError(f"{operation} would touch {', '.join(strangers)}")
        return self._with_our_tag(operation, params)

    def _strangers(self, operation: str, params: Params) -> Iterable[str]:
        for found in _ID.finditer(repr(params)):
            used = operation in MAKES and found["kind"] in ONLY_USED
            made_up = MADE_UP.fullmatch(found["rest"])
            if not used and not made_up and found[0] not in self.made:
                yield found[0]

    def _is_ours(self, id_: str) -> bool:
        """Whether *id_* carries this run's tag: volumes and interfaces come with a launch."""
        filters = [{"Name": "resource-id", "Values": [id_]}]
        tags = self._ec2.describe_tags(Filters=filters)["Tags"]
        return any(each["Key"] == TAG and each["Value"] == self.run for each in tags)

    def _with_our_tag(self, operation: str, params: Params) -> Params:
        given = [*params.get("TagSpecifications", [])]
        own = {"Key": TAG, "Value": self.run}
        for kind in TAGGED.get(operation, ()):
            same = [each for each in given if each["ResourceType"] == kind]
            tags = [*(same[0].get("Tags", []) if same else []), own]
            given = [each for each in given if each["ResourceType"] != kind]
            given.append({"ResourceType": kind, "Tags": tags})
        return {**params, "TagSpecifications": given} if given else params

    def _after(self, parsed: Params, model: Any, **_: Any) -> None:  # noqa: ANN401
        where = MAKES.get(str(model.name))
        if where is not None and "Error" not in parsed:
            self.made.update(dict.fromkeys(jmespath.search(where, parsed) or []))

    def clear(self, until: Callable[[Callable[[], bool]], bool]) -> None:
        """Remove everything, instances first. Raises ``AssertionError`` naming what stays."""
        instances = self._tagged("instance")
        for each in instances:
            self._unprotect(each)
        if instances:
            self._quietly(self._ec2.terminate_instances, InstanceIds=instances)
            until(lambda: self._are_gone(instances))
        removals = (
            ("image", self._forget_image),
            ("snapshot", lambda id_: self._ec2.delete_snapshot(SnapshotId=id_)),
            ("elastic-ip", lambda id_: self._ec2.release_address(AllocationId=id_)),
            (
                "network-interface",
                lambda id_: self._ec2.delete_network_interface(NetworkInterfaceId=id_),
            ),
            ("volume", lambda id_: self._ec2.delete_volume(VolumeId=id_)),
        )
        for kind, remove in removals:
            for each in self._tagged(kind):
                self._quietly(remove, each)
        left = [id_ for kind, _ in removals for id_ in self._tagged(kind)]
        assert not left, f"remove by hand, tag {TAG}={self.run}: {', '.join(left)}"
        self.made.clear()

    def _tagged(self, kind: str) -> list[str]:
        """What carries this run's tag; a crashed test's half-made things too."""
        filters = [
            {"Name": "resource-type", "Values": [kind]},
            {"Name": f"tag:{TAG}", "Values": [self.run]},
        ]
        found = self._ec2.describe_tags(Filters=filters)["Tags"]
        return sorted({str(each["ResourceId"]) for each in found})

    def _unprotect(self, instance: str) -> None:
        for attribute in ("DisableApiTermination", "DisableApiStop"):
            self._quietly(
                self._ec2.modify_instance_attribute,
                InstanceId=instance,
                **{attribute: {"Value": False}},
            )

    def _are_gone(self, instances: list[str]) -> bool:
        filters = [{"Name": "instance-id", "Values": instances}]
        found = self._ec2.describe_instances(Filters=filters)["Reservations"]
        states = {each["State"]["Name"] for group in found for each in group["Instances"]}
        return states <= {"terminated"}

    def _forget_image(self, image: str) -> None:
        self._quietly(self._ec2.disable_image_deregistration_protection, ImageId=image)
        self._ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)

    @staticmethod
    def _quietly(call: Callable[..., object], /, *args: Any, **parameters: Any) -> None:  # noqa: ANN401
        """What is gone already is as good as removed; what is not is named at the end."""
        with suppress(ClientError):
            call(*args, **parameters)
