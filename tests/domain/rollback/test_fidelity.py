"""What becomes of each property: forecast before, compared with EC2's word afterwards."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import replace

import pytest

from chalicelib.domain.configuration import Attributes, Configuration, Disk, Metadata, UserData
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.domain.rollback.fidelity import (
    Fate,
    Line,
    compare,
    own_tags,
    properties,
    spell_disk,
    spell_interface,
)
from chalicelib.domain.rollback.forecast import forecast
from tests.builders import (
    ADDRESS,
    CARD,
    DATA,
    GROUP,
    ROOT,
    SCRIPT,
    SNAPSHOTS,
    WEB,
    configuration,
    recovery_point,
)


def told(
    chosen: Configuration | None = None,
    *,
    current: Configuration | None = None,
    point: RecoveryPoint | None = None,
    user_data_from: str = "instance",
) -> tuple[Line, ...]:
    web = configuration()
    return forecast(current or web, chosen or web, point or recovery_point(), user_data_from)


def lines(found: tuple[Line, ...], name: str) -> list[tuple[Fate, str]]:
    return [(line.fate, line.value) for line in found if line.name == name]


def test_identity_is_told_first_and_never_promised() -> None:
    found = told()

    assert found[0] == Line("instance id", Fate.LOST, WEB, "EC2 gives every launch a new one")
    assert lines(found, "interface 0 private address") == [(Fate.SUBSTITUTED, "10.0.0.10")]
    assert lines(found, "interface 0 MAC") == [(Fate.LOST, CARD.interface_id)]
    assert lines(found, "interface 0 public address") == []
    assert lines(found, "interface 0 IPv6") == []


def test_every_address_of_every_interface_has_a_line() -> None:
    second = replace(
        CARD,
        device_index=1,
        private_ips=("10.0.0.11", "10.0.0.12"),
        ipv6=("2001:db8::1",),
        auto_public_ip="198.51.100.7",
    )
    found = told(current=configuration(interfaces=(CARD, second)))

    assert lines(found, "interface 1 private address") == [
        (Fate.SUBSTITUTED, "10.0.0.11"),
        (Fate.SUBSTITUTED, "10.0.0.12"),
    ]
    assert lines(found, "interface 1 IPv6") == [(Fate.SUBSTITUTED, "2001:db8::1")]
    assert lines(found, "interface 1 public address") == [(Fate.SUBSTITUTED, "198.51.100.7")]


def test_F12_tags_that_only_aws_may_set_are_told_to_be_lost() -> None:
    tags = {"aws:cloudformation:stack-id": "arn:1", "AWS:x": "y", "Name": "web"}
    found = told(current=configuration(tags=tags))

    assert lines(found, "tag aws:cloudformation:stack-id") == [(Fate.LOST, "arn:1")]
    assert lines(found, "tag AWS:x") == [(Fate.LOST, "y")]


def test_what_moves_is_told_with_where_it_goes() -> None:
    found = told()

    assert lines(found, "Elastic IP") == [(Fate.RESTORED, ADDRESS.public_ip)]
    assert lines(found, "target group") == [(Fate.RESTORED, f"{GROUP} port 80")]


@pytest.mark.parametrize(
    ("present", "source", "fate", "why"),
    [
        (SCRIPT, "instance", Fate.RESTORED, "read from the original at launch"),
        (UserData(digest="ff"), "instance", Fate.SUBSTITUTED, "the present one is used"),
        (UserData(), "manifest:0123", Fate.RESTORED, "from the encrypted manifest"),
        (UserData(), "none", Fate.LOST, "it was not stored"),
    ],
)
def test_the_fate_of_user_data(present: UserData, source: str, fate: Fate, why: str) -> None:
    current = configuration(attributes=Attributes(user_data=present))
    [line] = [x for x in told(current=current, user_data_from=source) if x.name == "user data"]

    assert line.fate is fate
    assert why in line.why
    assert line.value == f"120 characters, digest {SCRIPT.digest[:12]}"


def test_a_machine_without_user_data_has_no_line_about_it() -> None:
    bare = configuration(attributes=Attributes())

    assert lines(told(bare, user_data_from="none"), "user data") == []


def test_data_comes_back_where_there_is_a_snapshot_and_nowhere_else() -> None:
    found = told(point=recovery_point(snapshots=SNAPSHOTS[:1]))

    assert lines(found, "data of /dev/xvda") == [(Fate.RESTORED, SNAPSHOTS[0].snapshot_id)]
    assert lines(found, "data of /dev/sdf") == [(Fate.LOST, DATA.volume_id)]
    assert lines(found, "volume /dev/xvda") == [(Fate.RESTORED, spell_disk(ROOT))]
    assert lines(found, "volume /dev/sdf") == []


def test_settings_that_the_machine_never_had_are_left_out() -> None:
    names = {line.name for line in told()}

    assert "instance type" in names
    assert "placement group" not in names
    assert not [line for line in told() if line.value == ""]


@pytest.mark.parametrize(
    ("disk", "said"),
    [
        (
            ROOT,
            "8 GiB gp3, 3000 IOPS, 125 MiB/s, not encrypted, deleted at termination: yes",
        ),
        (
            replace(DATA, iops=300, encrypted=True, kms_key_id="arn:key"),
            "100 GiB gp2, encrypted arn:key, deleted at termination: no",
        ),
        (
            Disk(device="/dev/sdg", volume_id="vol-1", encrypted=True),
            "0 GiB, encrypted, deleted at termination: no",
        ),
    ],
)
def test_a_volume_in_words(disk: Disk, said: str) -> None:
    """A gp2 volume's IOPS follow from its size: nobody can ask for them."""
    assert spell_disk(disk) == said


def test_an_interface_in_words_does_not_depend_on_the_order_of_its_groups() -> None:
    turned = replace(CARD, groups=CARD.groups[::-1])

    assert spell_interface(CARD) == spell_interface(turned)
    assert "groups none" in spell_interface(replace(CARD, groups=()))
    assert "source/dest check no" in spell_interface(replace(CARD, source_dest_check=False))


def test_own_tags_are_those_that_the_user_set() -> None:
    tags = {
        "Name": "web",
        "aws:autoscaling:groupName": "g",
        "snapback:plan": "daily",
        "snapback:lineage": WEB,
        "snapback:rollback": "rb-1",
    }

    assert own_tags(configuration(tags=tags)) == {"Name": "web", "snapback:plan": "daily"}


@pytest.mark.parametrize(("lifecycle", "market"), [("", "on-demand"), ("spot", "spot")])
def test_the_market_is_on_demand_unless_ec2_says_otherwise(lifecycle: str, market: str) -> None:
    assert properties(configuration(lifecycle=lifecycle))["market"] == market


def test_F86_a_faithful_replacement_compares_as_restored_in_every_line() -> None:
    """Ids and addresses differ, and are not compared."""
    twin = configuration(
        instance_id="i-0fedcba9876543210",
        interfaces=(replace(CARD, interface_id="eni-2", private_ips=("10.0.0.99",)),),
        disks=tuple(replace(d, volume_id=f"{d.volume_id}2") for d in (ROOT, DATA)),
        tags={**configuration().tags, "snapback:lineage": WEB},
    )
    compared = compare(configuration(), twin)

    assert {line.fate for line in compared} == {Fate.RESTORED}
    assert all(line.observed == line.value for line in compared)


def test_F86_what_ec2_made_otherwise_is_told_with_both_values() -> None:
    odd = configuration(
        instance_type="t3.small",
        disks=(ROOT,),
        metadata=Metadata(tokens="required"),
    )
    different = {x.name: x for x in compare(configuration(), odd) if x.fate is not Fate.RESTORED}

    assert set(different) == {"instance type", "metadata options", "volume /dev/sdf"}
    assert different["instance type"].as_json() == {
        "property": "instance type",
        "fate": "substituted",
        "value": "t3.micro",
        "why": "wanted t3.micro",
        "observed": "t3.small",
    }
    assert different["volume /dev/sdf"].observed == "absent"


def test_what_the_recording_left_open_is_not_compared() -> None:
    compared = compare(configuration(credit=""), configuration(credit="unlimited"))

    assert "credit specification" not in {line.name for line in compared}
    assert "credit specification" in properties(configuration())
