"""AMI names: the idempotency key of a backup."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802, RUF001

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.names import PointName, image_id, instance_id, parse_name, slot_key
from chalicelib.domain.recovery_point import Kind
from tests.builders import NOON, WEB, utc

INSTANCES = st.sampled_from(["i-0123abcd", WEB, "i-0fedcba9876543210"])
SLOTS = st.integers(0, 10**6).map(lambda m: utc("2026-01-01T00:00") + timedelta(minutes=m))
NAMES = st.builds(
    lambda instance, kind, slot, attempt: (instance, kind, slot, attempt),
    INSTANCES,
    st.sampled_from(Kind),
    SLOTS,
    st.integers(1, 3),
)
# CreateImage: 3 to 128 characters of these.
EC2_GRAMMAR = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")


def name_of(made: tuple[str, Kind, datetime, int]) -> str:
    """The AMI name for an instance, kind, slot and attempt."""
    instance, kind, slot, attempt = made
    return str(PointName(instance, kind, slot_key(slot, attempt)))


def test_a_name_is_made_of_instance_kind_and_slot() -> None:
    name = PointName(WEB, Kind.SCHEDULED, slot_key(NOON))

    assert str(name) == "snapback/i-0123456789abcdef0/scheduled/20261123T1200Z"
    assert parse_name(str(name)) == name


def test_a_retry_has_a_name_of_its_own() -> None:
    assert [slot_key(NOON, n) for n in (1, 2, 3)] == [
        "20261123T1200Z",
        "20261123T1200Z.2",
        "20261123T1200Z.3",
    ]


@given(NAMES, NAMES)
def test_F01_two_backups_share_a_name_only_if_they_are_the_same(
    one: tuple[str, Kind, datetime, int], other: tuple[str, Kind, datetime, int]
) -> None:
    assert (name_of(one) == name_of(other)) is (one == other)


@given(NAMES)
def test_every_name_is_one_that_ec2_takes_and_that_reads_back(
    made: tuple[str, Kind, datetime, int],
) -> None:
    name = name_of(made)
    parsed = parse_name(name)

    assert EC2_GRAMMAR.fullmatch(name)
    assert parsed is not None
    assert str(parsed) == name
    assert (parsed.instance_id, parsed.kind) == made[:2]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "web-golden",
        f"snapback/{WEB}/scheduled",
        f"snapback/{WEB}/scheduled/",
        f"snapback/{WEB}/golden/20261123T1200Z",
        f"Snapback/{WEB}/scheduled/20261123T1200Z",
        f"snapback/{WEB}/scheduled/20261123T1200Z\n",
        f"snapback/{WEB}/scheduled/a b",
        f"snapback/{WEB}/scheduled/a/b",
        f"snapback/{WEB}/scheduled/" + "x" * 65,
        "snapback/i-0123/scheduled/20261123T1200Z",
        "snapback/i-0123456789ABCDEF0/scheduled/20261123T1200Z",
        f"x snapback/{WEB}/scheduled/20261123T1200Z",
    ],
)
def test_a_name_that_we_would_not_have_given_is_none_of_ours(name: str) -> None:
    assert parse_name(name) is None


@given(st.text(max_size=140))
def test_any_text_is_a_name_that_reads_back_or_none(name: str) -> None:
    parsed = parse_name(name)

    assert parsed is None or str(parsed) == name


@pytest.mark.parametrize("value", ["i-0123abcd", WEB])
def test_instance_ids_have_either_length(value: str) -> None:
    assert instance_id(value) == value
    assert image_id(value.replace("i-", "ami-")) == value.replace("i-", "ami-")


@pytest.mark.parametrize(
    "value",
    ["", "i-", "web", "i-xyz", "i-0123abc", "i-0123ABCD", f"{WEB}\n", f" {WEB}", "i-０１２３abcd"],
)
def test_what_is_no_id_is_refused_with_an_example(value: str) -> None:
    with pytest.raises(InvalidInputError) as one:
        instance_id(value)
    with pytest.raises(InvalidInputError) as other:
        image_id(value)

    assert one.value.message == f"instance {value!r} is not an instance id"
    assert other.value.message == f"image {value!r} is not an image id"
    assert "i-0123456789abcdef0" in one.value.hint
    assert "ami-0123456789abcdef0" in other.value.hint
