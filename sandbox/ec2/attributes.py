"""DescribeInstanceAttribute and ModifyInstanceAttribute: one attribute a call.

Sources: EC2 API Reference of the two actions ("To modify some attributes, the instance
must be stopped"); botocore's model, ``InstanceAttributeName`` and
``ModifyInstanceAttributeRequest``.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.hibernation import require_awake
from sandbox.ec2.instance_documents import block_device_documents
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.launch_checks import checked_user_data
from sandbox.ec2.launch_options import cpu_options, credit_option
from sandbox.ec2.launch_templates import plain
from sandbox.ec2.lifecycle import LifecycleRules
from sandbox.ec2.network_interface import group_documents
from sandbox.ec2.wire import DocumentResult

Answer = dict[str, Any]

ONLY_STOPPED = {
    "InstanceType": "instanceType",
    "Kernel": "kernel",
    "Ramdisk": "ramdisk",
    "UserData": "userData",
    "EbsOptimized": "ebsOptimized",
    "EnaSupport": "enaSupport",
    "SriovNetSupport": "sriovNetSupport",
    "EnclaveOptions": "enclaveOptions",
}
SHUTDOWN_BEHAVIORS = frozenset({"stop", "terminate"})
_BY_ATTRIBUTE = {
    "instanceType": "InstanceType",
    "kernel": "Kernel",
    "ramdisk": "Ramdisk",
    "userData": "UserData",
    "disableApiTermination": "DisableApiTermination",
    "disableApiStop": "DisableApiStop",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    "sourceDestCheck": "SourceDestCheck",
    "ebsOptimized": "EbsOptimized",
    "enaSupport": "EnaSupport",
    "sriovNetSupport": "SriovNetSupport",
}


def _value(value: object) -> Answer:
    return {"Value": value} if value is not None else {}


READERS: dict[str, Callable[[SandboxInstance], Answer]] = {
    "instanceType": lambda i: {"InstanceType": _value(i.instance_type)},
    "kernel": lambda i: {"KernelId": _value(i.facts.get("KernelId"))},
    "ramdisk": lambda i: {"RamdiskId": _value(i.facts.get("RamdiskId"))},
    "userData": lambda i: {"UserData": _value(i.user_data)},
    "disableApiTermination": lambda i: {"DisableApiTermination": _value(i.disable_api_termination)},
    "disableApiStop": lambda i: {"DisableApiStop": _value(i.disable_api_stop)},
    "instanceInitiatedShutdownBehavior": lambda i: {
        "InstanceInitiatedShutdownBehavior": _value(i.instance_initiated_shutdown_behavior)
    },
    "rootDeviceName": lambda i: {"RootDeviceName": _value(i.root_device_name)},
    "blockDeviceMapping": lambda i: {"BlockDeviceMappings": block_device_documents(i)},
    "productCodes": lambda i: {"ProductCodes": i.facts.get("ProductCodes") or []},
    "sourceDestCheck": lambda i: {"SourceDestCheck": _value(i.source_dest_check)},
    "groupSet": lambda i: {"Groups": group_documents(i.security_groups)},
    "ebsOptimized": lambda i: {"EbsOptimized": _value(bool(i.ebs_optimized))},
    "sriovNetSupport": lambda i: {"SriovNetSupport": _value(i.facts.get("SriovNetSupport"))},
    "enaSupport": lambda i: {"EnaSupport": _value(bool(i.facts.get("EnaSupport")))},
    "enclaveOptions": lambda i: {"EnclaveOptions": i.facts.get("EnclaveOptions") or {}},
}


class AttributeRules(LifecycleRules):
    """Changing what an instance is."""

    def change(self, instance: SandboxInstance, name: str, value: Any) -> None:  # noqa: ANN401
        """Change the one attribute *name* (a member of ``ModifyInstanceAttributeRequest``)."""
        if name in ONLY_STOPPED and instance.state != "stopped":
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in the 'stopped' state; its "
                f"'{ONLY_STOPPED[name]}' attribute cannot be changed.",
            )
        require_awake(instance)
        if instance.is_gone:
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in a state in which it can be modified.",
            )
        if name == "BlockDeviceMappings":
            _change_devices(instance, value)
        elif name == "Groups":
            self._change_groups(instance, value)
        elif name == "SourceDestCheck":
            _require_one_interface(instance)
            _change_source_check(instance, value)
        else:
            _CHANGES[name](instance, value)

    def _change_groups(self, instance: SandboxInstance, ids: list[str]) -> None:
        _require_one_interface(instance)
        instance.security_groups = self.interface_groups(ids, str(instance.vpc_id))


class AttributeActions(EC2Response):
    """The two actions on the wire."""

    @override
    def describe_instance_attribute(self) -> ActionResult:
        """All sixteen attributes of ``InstanceAttributeName``."""
        attribute = self._get_param("Attribute")
        if attribute not in READERS:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({attribute}) for parameter attribute is invalid. Unknown attribute.",
            )
        self.error_on_dryrun()
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        return DocumentResult({"InstanceId": instance.id, **READERS[attribute](instance)})

    @override
    def modify_instance_attribute(self) -> ActionResult:
        """As a member of its own, or as ``Attribute`` and ``Value``; only one a call."""
        backend: AttributeRules = self.ec2_backend
        instance = backend.get_instance(self._get_param("InstanceId"))
        request = plain(self.params)
        given = {
            name: request[name]
            for name in (*_CHANGES, "BlockDeviceMappings", "Groups")
            if request.get(name) not in (None, [])
        }
        if request.get("Attribute") and "Value" in request:
            name = _BY_ATTRIBUTE.get(request["Attribute"])
            if name is None:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"Value ({request['Attribute']}) for parameter attribute is invalid. "
                    "Unknown attribute.",
                )
            given[name] = {"Value": request["Value"]}
        if len(given) != 1:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Fields for multiple attribute types specified"
                if given
                else "No attributes specified.",
            )
        self.error_on_dryrun()
        for name, value in given.items():
            backend.change(instance, name, value)
        return EmptyResult()

    def reset_instance_attribute(self) -> ActionResult:
        """Kernel, RAM disk (stopped) and source/destination check go back to the default."""
        backend: AttributeRules = self.ec2_backend
        instance = backend.get_instance(self._get_param("InstanceId"))
        attribute = self._get_param("Attribute")
        self.error_on_dryrun()
        defaults = {"sourceDestCheck": "true", "kernel": None, "ramdisk": None}
        if attribute not in defaults:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({attribute}) for parameter attribute is invalid.",
            )
        backend.change(instance, _BY_ATTRIBUTE[attribute], {"Value": defaults[attribute]})
        return EmptyResult()


def _require_one_interface(instance: SandboxInstance) -> None:
    """What is an interface's is changed there when there are several.

    Source: EC2 API error codes, InvalidInstanceID ("an operation on an instance that has
    multiple network interfaces").
    """
    if len(instance.nics) > 1:
        raise EC2ClientError(
            "InvalidInstanceID",
            f"There are multiple interfaces attached to instance '{instance.id}'. "
            "Please specify an interface ID for the operation instead.",
        )


def _change_devices(instance: SandboxInstance, mappings: list[dict[str, Any]]) -> None:
    """Only DeleteOnTermination can change (ModifyInstanceAttribute, BlockDeviceMappings)."""
    for mapping in mappings:
        name = mapping.get("DeviceName")
        if name not in instance.block_device_mapping:
            raise EC2ClientError(
                "InvalidInstanceAttributeValue",
                f"No device is currently mapped at {name}",
            )
    for mapping in mappings:
        value = (mapping.get("Ebs") or {}).get("DeleteOnTermination")
        if value is not None:
            instance.block_device_mapping[mapping["DeviceName"]].delete_on_termination = _flag(
                value
            )


def _change_type(instance: SandboxInstance, wanted: Mapping[str, Any]) -> None:
    """Another type of the same architecture; CPU options and credits follow it."""
    type_ = str(wanted.get("Value"))
    known = INSTANCE_TYPES.get(type_)
    if known is None:
        raise EC2ClientError(
            "InvalidInstanceAttributeValue",
            f"The instanceType '{type_}' is invalid.",
        )
    supported = known.get("ProcessorInfo", {}).get("SupportedArchitectures") or []
    if supported and instance.architecture not in supported:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The instance type '{type_}' does not run architecture '{instance.architecture}'.",
        )
    instance.instance_type = type_
    instance.facts["CpuOptions"] = cpu_options({}, type_)
    instance.credits = credit_option(None, type_)


def _change_user_data(instance: SandboxInstance, wanted: Mapping[str, Any]) -> None:
    """Kept as it came on the wire, base64 once (BlobAttributeValue)."""
    sent = wanted.get("Value") or ""
    # a blob member arrives decoded, the plain ``Value`` parameter does not
    text = base64.b64encode(sent).decode() if isinstance(sent, bytes) else str(sent)
    instance.user_data = checked_user_data(text)  # type: ignore[assignment]


def _change_shutdown(instance: SandboxInstance, wanted: Mapping[str, Any]) -> None:
    behavior = str(wanted.get("Value"))
    if behavior not in SHUTDOWN_BEHAVIORS:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({behavior}) for parameter instanceInitiatedShutdownBehavior is invalid.",
        )
    instance.instance_initiated_shutdown_behavior = behavior


def _protection(name: str) -> Callable[[SandboxInstance, Any], None]:
    def change(instance: SandboxInstance, wanted: Any) -> None:  # noqa: ANN401
        value = _flag(wanted.get("Value"))
        if value and instance.lifecycle == "spot":
            raise EC2ClientError(
                "UnsupportedOperation",
                "Stop and termination protection cannot be enabled for Spot Instances.",
            )
        setattr(instance, name, value)

    return change


def _fact(key: str, read: Callable[[Any], Any]) -> Callable[[SandboxInstance, Any], None]:
    def change(instance: SandboxInstance, wanted: Any) -> None:  # noqa: ANN401
        instance.facts[key] = read(wanted)

    return change


def _change_source_check(instance: SandboxInstance, wanted: Mapping[str, Any]) -> None:
    instance.source_dest_check = _flag(wanted.get("Value"))


def _flag(value: object) -> bool:
    return str(value).lower() == "true"


_CHANGES: dict[str, Callable[[SandboxInstance, Any], None]] = {
    "InstanceType": _change_type,
    "Kernel": _fact("KernelId", lambda wanted: wanted.get("Value")),
    "Ramdisk": _fact("RamdiskId", lambda wanted: wanted.get("Value")),
    "UserData": _change_user_data,
    "DisableApiTermination": _protection("disable_api_termination"),
    "DisableApiStop": _protection("disable_api_stop"),
    "InstanceInitiatedShutdownBehavior": _change_shutdown,
    "SourceDestCheck": _change_source_check,
    "EbsOptimized": _fact("EbsOptimized", lambda wanted: _flag(wanted.get("Value"))),
    "EnaSupport": _fact("EnaSupport", lambda wanted: _flag(wanted.get("Value"))),
    "SriovNetSupport": _fact("SriovNetSupport", lambda wanted: wanted.get("Value")),
    "EnclaveOptions": _fact(
        "EnclaveOptions", lambda wanted: {"Enabled": bool(wanted.get("Enabled"))}
    ),
}
