"""Which parameters an EC2 action knows and needs, as its botocore model says."""

from botocore.model import ListShape, Shape, StructureShape
from moto.core.model import OperationModel
from moto.core.utils import camelcase_to_underscores

from sandbox import request_checks, values
from sandbox.calls import Call
from sandbox.ec2 import SandboxEC2Response
from sandbox.replies import Refusal, unknown_action

NOT_OF_THE_ACTION = frozenset({"Action", "Version"})
_GROUP = ("GroupId", "GroupName")
_TEMPLATE = ("LaunchTemplateId", "LaunchTemplateName")
ONE_OF = {
    "AuthorizeSecurityGroupIngress": _GROUP,
    "CreateLaunchTemplateVersion": _TEMPLATE,
    "CreateNatGateway": ("SubnetId", "VpcId"),
    "DeleteKeyPair": ("KeyName", "KeyPairId"),
    "DeleteLaunchTemplate": _TEMPLATE,
    "DeleteLaunchTemplateVersions": _TEMPLATE,
    "DeleteSecurityGroup": _GROUP,
    "DisableVpcClassicLinkDnsSupport": ("VpcId",),
    "EnableVpcClassicLinkDnsSupport": ("VpcId",),
    "ModifyLaunchTemplate": _TEMPLATE,
    "RevokeSecurityGroupIngress": _GROUP,
    "UpdateSecurityGroupRuleDescriptionsEgress": _GROUP,
    "UpdateSecurityGroupRuleDescriptionsIngress": _GROUP,
}
"""Of these the request has one, which the model tells in words only (its members' texts).

That the two of EC2-Classic need their VPC is [NV].
"""
SIGNATURE_PARTS = ("X-Amz-", "AWSAccessKeyId", "Signature", "Timestamp", "Expires", "SecurityToken")


def check(call: Call) -> None:
    """Refuse what EC2 would refuse before it looks at any resource.

    ``InvalidAction``, ``UnknownParameter``, ``MissingParameter`` (EC2 API Reference,
    "Error codes for the Amazon EC2 API", client error codes).
    """
    if call.protocol in request_checks.CODES:
        request_checks.check(call)
    elif call.protocol == "ec2":
        _check_ec2(call)


def _check_ec2(call: Call) -> None:
    if call.operation is None:
        raise unknown_action(call.protocol, call.action)
    if not hasattr(SandboxEC2Response, camelcase_to_underscores(call.action)):
        raise NotImplementedError(call.action)
    _check_names(call, call.operation.input_shape)
    if call.malformed is not None:
        raise Refusal("InvalidParameterValue", f"A parameter value is invalid: {call.malformed}")
    _check_required(call, call.operation)
    values.check(call)


def _check_names(call: Call, shape: Shape | None) -> None:
    for name in call.names:
        if name in NOT_OF_THE_ACTION or name.startswith(SIGNATURE_PARTS):
            continue
        if shape is None or not _knows(shape, name.split(".")):
            raise Refusal("UnknownParameter", f"The parameter {name} is not recognized")


def _check_required(call: Call, operation: OperationModel) -> None:
    shape = operation.input_shape
    sent = {name.partition(".")[0] for name in call.names}
    if shape is None:
        return
    for member in shape.required_members:
        name = sent_as(member, shape.members[member])
        if name not in sent:
            raise Refusal("MissingParameter", f"The request must contain the parameter {name}")
    either = ONE_OF.get(operation.name, ())
    if either and sent.isdisjoint(either):
        named = " or ".join(either)
        raise Refusal("MissingParameter", f"The request must contain the parameter {named}")


def _knows(shape: Shape, path: list[str]) -> bool:
    if isinstance(shape, ListShape):
        return bool(path) and path[0].isdigit() and _knows(shape.member, path[1:])
    if isinstance(shape, StructureShape):
        for member, its_shape in shape.members.items():
            if path and sent_as(member, its_shape) == path[0]:
                return _knows(its_shape, path[1:])
        return not path
    return not path


def sent_as(member: str, shape: Shape) -> str:
    """The name of *member* in a form that EC2 reads (botocore ``EC2Serializer``)."""
    serialization = shape.serialization
    if "queryName" in serialization:
        return str(serialization["queryName"])
    name = str(serialization.get("name", member))
    return name[0].upper() + name[1:]
