"""Capturing configurations: bulk describes for the fleet, single calls for the rest."""

# ruff: noqa: N802

from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from chalicelib.aws.configurations import ConfigurationReader
from chalicelib.aws.instances import InstanceReader
from chalicelib.aws.session import Session
from chalicelib.aws.target_groups import TargetGroupGateway
from chalicelib.aws.vault import KmsVault
from chalicelib.domain.configuration import Attributes, Target, UserData
from chalicelib.domain.errors import MissingError
from chalicelib.domain.instance import Instance
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import CANARY, ENCODED, LINUX, REGION, Machine, launch_plain, tags


@pytest.fixture
def reader(session: Session) -> ConfigurationReader:
    """Configurations of us-east-1; no key, so user data is not kept."""
    return configured(session, "")


def configured(session: Session, key: str) -> ConfigurationReader:
    """The same with a key."""
    ec2, targets = session.ec2(REGION), TargetGroupGateway(session.elbv2(REGION))
    return ConfigurationReader(ec2, targets, KmsVault(lambda: session.kms(REGION), key))


def seen(session: Session, *ids: str) -> tuple[Instance, ...]:
    """Instances as the listing tells them."""
    return InstanceReader(session.ec2(REGION), REGION).find(ids)


def test_volumes_addresses_credits_and_targets_are_filled_in(
    web: Machine, session: Session, reader: ConfigurationReader
) -> None:
    """What DescribeInstances does not tell."""
    whole = reader.describe(seen(session, web.id))[web.id]
    disks = {d.device: d for d in whole.disks}

    assert (disks["/dev/xvda"].volume_type, disks["/dev/xvda"].size_gib) == ("gp3", 8)
    assert (disks["/dev/xvda"].iops, disks["/dev/xvda"].throughput) == (3000, 125)
    assert (disks["/dev/sdf"].volume_type, disks["/dev/sdf"].size_gib) == ("gp2", 20)
    assert disks["/dev/sdf"].tags == {"team": "shop"}
    assert [(a.allocation_id, a.public_ip, a.private_ip) for a in whole.addresses] == [
        (web.allocation, web.public_ip, web.private_ip)
    ]
    assert [(t.group_arn, t.target_id, t.port) for t in whole.targets] == [(web.group, web.id, 80)]
    assert whole.credit in ("standard", "unlimited")
    assert whole.unreadable == ()


def test_a_fleet_is_asked_for_in_bulk(
    sandbox: Sandbox, web: Machine, session: Session, reader: ConfigurationReader, heard: Heard
) -> None:
    """As many calls for ten machines as for one (performance.md)."""
    many = launch_plain(sandbox, 10)
    found = seen(session, web.id, *many)
    heard.calls.clear()
    described = reader.describe(found)

    assert set(described) == {web.id, *many}
    assert [name for _, name, _ in heard.calls] == [
        "DescribeVolumes",
        "DescribeAddresses",
        "DescribeInstanceCreditSpecifications",
        "DescribeTargetGroups",
        "DescribeTargetHealth",
    ]


def test_a_machine_registered_by_address_is_found_in_its_own_network_only(
    sandbox: Sandbox, web: Machine, session: Session, reader: ConfigurationReader
) -> None:
    """The same private address in another VPC is another machine."""
    elb, ec2 = sandbox.client("elbv2"), sandbox.client("ec2")
    elsewhere = ec2.create_vpc(CidrBlock="172.31.0.0/16")["Vpc"]["VpcId"]
    arns = {}
    for vpc in (web.vpc, elsewhere):
        made = elb.create_target_group(
            Name=f"ip-{vpc[-4:]}", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
        )
        arns[vpc] = made["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=arns[vpc], Targets=[{"Id": web.private_ip}])
    targets = reader.describe(seen(session, web.id))[web.id].targets

    assert {t.group_arn for t in targets} == {web.group, arns[web.vpc]}
    assert Target in {type(t) for t in targets}


@pytest.mark.parametrize(
    ("action", "note"),
    [
        ("DescribeVolumes", "volumes: UnauthorizedOperation"),
        ("DescribeAddresses", "addresses: UnauthorizedOperation"),
        ("DescribeInstanceCreditSpecifications", "credits: UnauthorizedOperation"),
        ("DescribeTargetGroups", "targets: AccessDenied"),
        ("DescribeTargetHealth", "targets: AccessDenied"),
    ],
)
def test_a_part_that_may_not_be_read_is_noted_and_the_rest_is_there(
    sandbox: Sandbox, web: Machine, session: Session, action: str, note: str
) -> None:
    """Nothing is silently absent: a rollback must warn of it."""
    sandbox.faults.set({"rules": [{"action": action, "kind": "deny"}]})
    whole = configured(session, "").describe(seen(session, web.id))[web.id]

    assert whole.unreadable == (note,)
    assert whole.instance_type == "t3.micro"


def test_what_only_single_calls_tell(
    sandbox: Sandbox, web: Machine, reader: ConfigurationReader
) -> None:
    """Protections, shutdown behaviour, and of the user data its digest and length alone."""
    ec2 = sandbox.client("ec2")
    ec2.modify_instance_attribute(InstanceId=web.id, DisableApiStop={"Value": True})
    ec2.modify_instance_attribute(InstanceId=web.id, DisableApiTermination={"Value": True})
    ec2.modify_instance_attribute(
        InstanceId=web.id, InstanceInitiatedShutdownBehavior={"Value": "terminate"}
    )
    attributes, unreadable = reader.attributes(web.id, "lineage")

    assert unreadable == ()
    assert attributes == Attributes(
        api_stop_disabled=True,
        api_termination_disabled=True,
        shutdown_behavior="terminate",
        user_data=UserData(
            digest=sha256(b"lineage\0" + ENCODED.encode()).hexdigest(), length=len(ENCODED)
        ),
    )


def test_T10_the_digest_of_user_data_is_salted_with_the_lineage(
    web: Machine, reader: ConfigurationReader
) -> None:
    """Two machines of one password do not show it; nothing of the text is in the value."""
    one, _ = reader.attributes(web.id, "i-1")
    two, _ = reader.attributes(web.id, "i-2")

    assert one.user_data.digest != two.user_data.digest
    assert CANARY not in repr(one)
    assert ENCODED not in repr(one)


def test_user_data_is_sealed_where_a_key_is_configured(
    sandbox: Sandbox, web: Machine, session: Session
) -> None:
    """Ciphertext, and back again as EC2 told it."""
    key = sandbox.client("kms").create_key()["KeyMetadata"]["Arn"]
    attributes, _ = configured(session, key).attributes(web.id, "i-1")
    vault = KmsVault(lambda: session.kms(REGION), key)

    assert CANARY not in attributes.user_data.sealed
    assert vault.unseal("i-1", attributes.user_data.sealed) == ENCODED.encode()


@pytest.mark.parametrize("raw", [b"#!/bin/sh\n", bytes(range(256)), b"\xff\xfe\0binary"])
def test_user_data_goes_round_byte_for_byte(
    sandbox: Sandbox, session: Session, reader: ConfigurationReader, raw: bytes
) -> None:
    """Binary user data is allowed, and is what a launch gets."""
    made = sandbox.client("ec2").run_instances(
        ImageId=LINUX, InstanceType="t3.micro", MinCount=1, MaxCount=1, UserData=raw
    )["Instances"][0]["InstanceId"]

    assert b64decode(reader.user_data(made)) == raw
    assert reader.user_data(made) == b64encode(raw).decode()


def test_a_machine_without_user_data_has_none(
    sandbox: Sandbox, reader: ConfigurationReader
) -> None:
    """Neither digest nor length."""
    [plain] = launch_plain(sandbox)

    assert reader.user_data(plain) == ""
    assert reader.attributes(plain, "i-1")[0].user_data == UserData()


def test_an_attribute_that_may_not_be_read_is_noted(
    sandbox: Sandbox, web: Machine, reader: ConfigurationReader
) -> None:
    """And takes the harmless value."""
    sandbox.faults.set({"rules": [{"action": "DescribeInstanceAttribute", "kind": "deny"}]})
    attributes, unreadable = reader.attributes(web.id, "i-1")

    assert attributes == Attributes()
    assert unreadable == (
        "userData: UnauthorizedOperation",
        "disableApiTermination: UnauthorizedOperation",
        "disableApiStop: UnauthorizedOperation",
        "instanceInitiatedShutdownBehavior: UnauthorizedOperation",
    )


def test_user_data_of_nobody_is_missing(reader: ConfigurationReader) -> None:
    """The rollback turns back instead of launching without it."""
    with pytest.raises(MissingError, match="could not read userData of i-0fffffffffffffff0"):
        reader.user_data("i-0fffffffffffffff0")


def test_a_volume_that_went_between_two_looks_keeps_what_was_known(
    web: Machine, session: Session, reader: ConfigurationReader
) -> None:
    """Detached and deleted since the instances were listed."""
    [found] = seen(session, web.id)
    lost = replace(found.configuration.disks[0], volume_id="vol-0fffffffffffffff0")
    there = found.configuration.disks[1]
    moved = replace(found, configuration=replace(found.configuration, disks=(lost, there)))
    whole = reader.describe([moved])[web.id]

    assert whole.disks[0] == lost
    assert whole.disks[1].size_gib > 0


def test_missing_parts_are_asked_of_the_same_region(
    sandbox: Sandbox, web: Machine, session: Session, reader: ConfigurationReader
) -> None:
    """What `rollback plan` shows as blockers."""
    sandbox.client("ec2").delete_key_pair(KeyName="ops")
    sandbox.client("ec2").create_tags(Resources=[web.id], Tags=tags(a="b"))
    [found] = seen(session, web.id)

    assert reader.missing(found.configuration) == ("the key pair ops no longer exists",)
