"""Target groups: who is registered where, and how it fares (elbv2)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.aws.errors import translated
from chalicelib.domain.configuration import Target
from chalicelib.domain.errors import MissingError
from chalicelib.domain.target_group import TargetGroup, TargetHealth

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import TargetDescriptionTypeDef, TargetHealthDescriptionTypeDef


class TargetGroupGateway:
    """The target groups of one region."""

    def __init__(self, client: "ElasticLoadBalancingv2Client") -> None:
        self._client = client

    def registrations(self) -> tuple[tuple[TargetGroup, Target], ...]:
        """Every registration of every instance- or ip-type group, draining ones left out."""
        found: list[tuple[TargetGroup, Target]] = []
        for group in self._groups():
            for target, health in self._health(group.arn):
                if health.state != "draining":
                    found.append((group, target))
        return tuple(found)

    def health(self, targets: Sequence[Target]) -> dict[Target, TargetHealth]:
        """How each of *targets* fares; one that is not registered is absent from the answer.

        Nothing is registered in a group that somebody deleted.
        """
        wanted = set(targets)
        found: dict[Target, TargetHealth] = {}
        for arn in sorted({t.group_arn for t in targets}):
            for target, health in self._health(arn):
                # The zone is EC2's answer, not part of what was asked for.
                for asked in wanted:
                    if (asked.group_arn, asked.target_id, asked.port) == (
                        target.group_arn,
                        target.target_id,
                        target.port,
                    ):
                        found[asked] = health
        return found

    def register(self, target: Target) -> None:
        """Register *target*; registering it again changes nothing."""
        with translated(f"register {target.target_id} in {target.group_arn}"):
            self._client.register_targets(
                TargetGroupArn=target.group_arn, Targets=[_description(target)]
            )

    def deregister(self, target: Target) -> bool:
        """Deregister *target*, which then drains; false if the group is gone."""
        try:
            with translated(f"deregister {target.target_id} from {target.group_arn}"):
                self._client.deregister_targets(
                    TargetGroupArn=target.group_arn, Targets=[_description(target)]
                )
        except MissingError:
            return False
        return True

    def _groups(self) -> list[TargetGroup]:
        with translated("list target groups"):
            return [
                TargetGroup(arn=group["TargetGroupArn"], vpc_id=group.get("VpcId", ""))
                for page in self._client.get_paginator("describe_target_groups").paginate()
                for group in page["TargetGroups"]
                if group.get("TargetType", "instance") in ("instance", "ip")
            ]

    def _health(self, arn: str) -> list[tuple[Target, TargetHealth]]:
        try:
            with translated(f"read target health of {arn}"):
                answer = self._client.describe_target_health(TargetGroupArn=arn)
        except MissingError:
            return []
        return [_read(arn, item) for item in answer["TargetHealthDescriptions"]]


def _read(arn: str, item: "TargetHealthDescriptionTypeDef") -> tuple[Target, TargetHealth]:
    described = item["Target"]
    health = item.get("TargetHealth", {})
    target = Target(
        group_arn=arn,
        target_id=described["Id"],
        port=described.get("Port", 0),
        zone=described.get("AvailabilityZone", ""),
    )
    return target, TargetHealth(
        state=health.get("State", "unavailable"), reason=health.get("Reason", "")
    )


def _description(target: Target) -> "TargetDescriptionTypeDef":
    described: TargetDescriptionTypeDef = {"Id": target.target_id}
    if target.port:
        described["Port"] = target.port
    # A zone is named for addresses only; an instance has one (elbv2 TargetDescription).
    if target.zone and not target.target_id.startswith("i-"):
        described["AvailabilityZone"] = target.zone
    return described
