"""Capturing full configurations: bulk describes for the fleet, single calls for the rest.

DescribeVolumes, DescribeAddresses, DescribeInstanceCreditSpecifications and the target
groups are asked once for many instances. User data and the protections exist only in
DescribeInstanceAttribute, one attribute a call (EC2 API reference).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from chalicelib.aws.errors import translated
from chalicelib.aws.instances import read_tags
from chalicelib.aws.preflight import missing_parts
from chalicelib.aws.target_groups import TargetGroupGateway
from chalicelib.domain.configuration import (
    Attributes,
    Configuration,
    Disk,
    ElasticAddress,
    Target,
    UserData,
)
from chalicelib.domain.errors import AwsError
from chalicelib.domain.instance import Instance

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.literals import InstanceAttributeNameType
    from mypy_boto3_ec2.type_defs import (
        FilterTypeDef,
        InstanceAttributeTypeDef,
        VolumeTypeDef,
    )

_CHUNK = 200
_BURSTABLE = ("t2.", "t3.", "t3a.", "t4g.")


class Sealer(Protocol):
    """Encrypts user data for the catalogue, or declines to keep it."""

    def seal(self, lineage: str, secret: bytes) -> str:
        """Ciphertext for the catalogue; empty when no key is configured: not stored at all."""
        ...


class ConfigurationReader:
    """Captures the configurations of one region's instances."""

    def __init__(self, client: "EC2Client", targets: TargetGroupGateway, sealer: Sealer) -> None:
        self._client = client
        self._targets = targets
        self._sealer = sealer

    def describe(self, instances: Sequence[Instance]) -> dict[str, Configuration]:
        """What bulk describes tell of *instances*, by instance id.

        A part that can not be read is listed in ``unreadable`` of every configuration
        it concerns; nothing is silently absent.
        """
        notes: list[str] = []
        volumes = self._volumes(instances, notes)
        addresses = self._addresses(instances, notes)
        credits_of = self._credits(instances, notes)
        targets = self._targets_of(instances, notes)
        return {
            i.instance_id: replace(
                i.configuration,
                disks=tuple(_filled(d, volumes.get(d.volume_id)) for d in i.configuration.disks),
                addresses=addresses.get(i.instance_id, ()),
                credit=credits_of.get(i.instance_id, ""),
                targets=targets.get(i.instance_id, ()),
                unreadable=tuple(notes),
            )
            for i in instances
        }

    def attributes(self, instance_id: str, lineage: str) -> tuple[Attributes, tuple[str, ...]]:
        """What only single calls tell, and what of it could not be read and why."""
        unreadable: list[str] = []

        def ask(name: "InstanceAttributeNameType") -> "Mapping[str, object]":
            try:
                return self._attribute(instance_id, name)
            except AwsError as err:
                unreadable.append(f"{name}: {err.aws_code}")
                return {}

        encoded = str(_value(ask("userData"), "UserData") or "")
        return (
            Attributes(
                api_termination_disabled=bool(
                    _value(ask("disableApiTermination"), "DisableApiTermination")
                ),
                api_stop_disabled=bool(_value(ask("disableApiStop"), "DisableApiStop")),
                shutdown_behavior=str(
                    _value(
                        ask("instanceInitiatedShutdownBehavior"),
                        "InstanceInitiatedShutdownBehavior",
                    )
                    or "stop"
                ),
                user_data=self._user_data(encoded, lineage),
            ),
            tuple(unreadable),
        )

    def user_data(self, instance_id: str) -> str:
        """The instance's user data as EC2 gives it: base64. Never log it."""
        return str(_value(self._attribute(instance_id, "userData"), "UserData") or "")

    def missing(self, configuration: Configuration) -> tuple[str, ...]:
        """What *configuration* names and EC2 no longer has, each as a sentence."""
        return missing_parts(self._client, configuration)

    def _attribute(
        self, instance_id: str, name: "InstanceAttributeNameType"
    ) -> "InstanceAttributeTypeDef":
        with translated(f"read {name} of {instance_id}"):
            return self._client.describe_instance_attribute(InstanceId=instance_id, Attribute=name)

    def _user_data(self, encoded: str, lineage: str) -> UserData:
        if not encoded:
            return UserData()
        secret = encoded.encode()
        return UserData(
            digest=sha256(lineage.encode() + b"\0" + secret).hexdigest(),
            length=len(secret),
            sealed=self._sealer.seal(lineage, secret),
        )

    def _volumes(
        self, instances: Sequence[Instance], notes: list[str]
    ) -> "dict[str, VolumeTypeDef]":
        wanted = [d.volume_id for i in instances for d in i.configuration.disks]
        found: dict[str, VolumeTypeDef] = {}
        paginator = self._client.get_paginator("describe_volumes")
        try:
            with translated("describe volumes"):
                for start in range(0, len(wanted), _CHUNK):
                    filters: list[FilterTypeDef] = [
                        {"Name": "volume-id", "Values": wanted[start : start + _CHUNK]}
                    ]
                    for page in paginator.paginate(Filters=filters):
                        found.update({v["VolumeId"]: v for v in page["Volumes"]})
        except AwsError as err:
            notes.append(f"volumes: {err.aws_code}")
        return found

    def _addresses(
        self, instances: Sequence[Instance], notes: list[str]
    ) -> dict[str, tuple[ElasticAddress, ...]]:
        found: dict[str, tuple[ElasticAddress, ...]] = {}
        ids = [i.instance_id for i in instances]
        try:
            with translated("describe addresses"):
                for start in range(0, len(ids), _CHUNK):
                    answer = self._client.describe_addresses(
                        Filters=[{"Name": "instance-id", "Values": ids[start : start + _CHUNK]}]
                    )
                    for a in answer["Addresses"]:
                        if "AllocationId" in a and "InstanceId" in a:
                            address = ElasticAddress(
                                allocation_id=a["AllocationId"],
                                association_id=a.get("AssociationId", ""),
                                public_ip=a.get("PublicIp", ""),
                                interface_id=a.get("NetworkInterfaceId", ""),
                                private_ip=a.get("PrivateIpAddress", ""),
                            )
                            held = found.get(a["InstanceId"], ())
                            found[a["InstanceId"]] = (*held, address)
        except AwsError as err:
            notes.append(f"addresses: {err.aws_code}")
        return {i: tuple(sorted(a, key=lambda x: x.allocation_id)) for i, a in found.items()}

    def _credits(self, instances: Sequence[Instance], notes: list[str]) -> dict[str, str]:
        burstable = [
            i.instance_id for i in instances if i.configuration.instance_type.startswith(_BURSTABLE)
        ]
        found: dict[str, str] = {}
        try:
            with translated("describe credit specifications"):
                for start in range(0, len(burstable), _CHUNK):
                    chunk = burstable[start : start + _CHUNK]
                    answer = self._client.describe_instance_credit_specifications(
                        Filters=[{"Name": "instance-id", "Values": chunk}]
                    )
                    for item in answer["InstanceCreditSpecifications"]:
                        found[item["InstanceId"]] = item.get("CpuCredits", "")
        except AwsError as err:
            notes.append(f"credits: {err.aws_code}")
        return found

    def _targets_of(
        self, instances: Sequence[Instance], notes: list[str]
    ) -> dict[str, tuple[Target, ...]]:
        try:
            registered = self._targets.registrations()
        except AwsError as err:
            notes.append(f"targets: {err.aws_code}")
            return {}
        found: dict[str, tuple[Target, ...]] = {}
        for instance in instances:
            ips = {ip for n in instance.configuration.interfaces for ip in n.private_ips}
            vpc = instance.configuration.vpc_id
            mine = [
                target
                for group, target in registered
                if target.target_id == instance.instance_id
                or (target.target_id in ips and group.vpc_id == vpc)
            ]
            if mine:
                found[instance.instance_id] = tuple(
                    sorted(mine, key=lambda t: (t.group_arn, t.target_id, t.port))
                )
        return found


def _filled(disk: Disk, volume: "VolumeTypeDef | None") -> Disk:
    if volume is None:
        return disk
    return replace(
        disk,
        size_gib=volume.get("Size", 0),
        volume_type=volume.get("VolumeType", ""),
        iops=volume.get("Iops"),
        throughput=volume.get("Throughput"),
        encrypted=volume.get("Encrypted", False),
        kms_key_id=volume.get("KmsKeyId", ""),
        tags=read_tags(volume.get("Tags", [])),
    )


def _value(answer: "Mapping[str, object]", member: str) -> object:
    held = answer.get(member)
    return held.get("Value") if isinstance(held, Mapping) else None
