"""Ids in EC2 requests: malformed ones and unknown ones get the codes of their own kind.

Source: EC2 API Reference, "Error codes for the Amazon EC2 API" (``sandbox.ec2.id_kinds``).
Instances, images, snapshots, volumes and network interfaces are looked up by their own
rules, which know of shares, of what is in the recycle bin and of what has just gone.
"""

from typing import Any

from botocore.model import Shape
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC
from typing_extensions import override

from sandbox.ec2.id_kinds import KINDS, Kind
from sandbox.values import Leaf, leaves

BY_PARAMETER = "resolve:ssm:"
"""An image named by a parameter (RunInstancesRequest.ImageId)."""

ALIASES = {
    "InstanceIdForResolver": "InstanceId",
    "InstanceIdWithVolumeResolver": "InstanceId",
    "VolumeIdWithResolver": "VolumeId",
    "VpcPeeringConnectionIdWithResolver": "VpcPeeringConnectionId",
}
PLAIN = {
    "ImageId": "ImageId",
    "SourceImageId": "ImageId",
    "SourceSnapshotId": "SnapshotId",
    "SubnetId": "SubnetId",
    "VpcId": "VpcId",
    "SecurityGroupRuleIds": "SecurityGroupRuleId",
}
"""Parameters whose shape is a plain ``String``, by their own name."""


class IdRules(EC2Backend):
    """Look-ups of moto's that our own actions go through, too."""

    @override
    def get_subnet(self, subnet_id: str) -> Subnet:
        """As moto's; a malformed id says so."""
        require_form("SubnetId", subnet_id, self)
        return super().get_subnet(subnet_id)

    @override
    def get_vpc(self, vpc_id: str) -> VPC:
        """As moto's; a malformed id says so."""
        require_form("VpcId", vpc_id, self)
        return super().get_vpc(vpc_id)


def require_form(name: str, value: str | None, backend: EC2Backend) -> None:
    """Refuse what cannot be an id of the kind *name*, unless there is one of that name."""
    kind, value = KINDS[name], value or ""
    if not kind.is_well_formed(value) and not kind.known(backend, value):
        raise EC2ClientError(
            kind.malformed, f'Invalid id: "{value}" (expecting "{kind.prefix}-...")'
        )


def check(backend: Any, shape: Shape | None, request: dict[str, Any]) -> None:  # noqa: ANN401
    """Refuse malformed and unknown ids among the parameters of *request*.

    What is nested (an interface of a launch, a template's data) is its action's matter.
    """
    if shape is None:
        return
    for leaf in leaves(shape, request):
        kind = kind_of(leaf) if leaf.depth == 1 else None
        value = str(leaf.value)
        if kind is None or value.startswith(BY_PARAMETER) or kind.known(backend, value):
            continue
        require_form(name_of(leaf), value, backend)
        if kind.is_looked_up:
            raise EC2ClientError(kind.unknown, f"The {kind.noun} '{value}' does not exist")


def kind_of(leaf: Leaf) -> Kind | None:
    """What kind of id a parameter is, if it is one at all."""
    return KINDS.get(name_of(leaf))


def name_of(leaf: Leaf) -> str:
    """The name under which ``KINDS`` would know a parameter."""
    name = leaf.shape.name
    return PLAIN.get(leaf.name, "") if name == "String" else ALIASES.get(name, name)
