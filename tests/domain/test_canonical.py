"""Canonical JSON: the same value gives the same text, and the text gives the value back."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.canonical import digest, encode, from_json, to_json
from chalicelib.domain.configuration import (
    Attributes,
    Configuration,
    Disk,
    ElasticAddress,
    Interface,
    Metadata,
    Placement,
    Target,
    UserData,
)
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.records import InstanceRecord, PointRecord, Role, Stage
from chalicelib.domain.recovery_point import Kind, Snapshot
from chalicelib.domain.rollback.journal import Journal, RollbackState, StepRecord, StepState
from tests.builders import NOON, configuration, journal, point_record, recovery_point

T = TypeVar("T")

WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
MAYBE = st.none() | st.integers(0, 1 << 40)
TEXTS = st.lists(WORDS, max_size=3).map(tuple)
TABLES = st.dictionaries(WORDS, WORDS, max_size=3)
# Naive limits: hypothesis places them in the zones that it draws.
MOMENTS = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from((UTC, timezone(timedelta(hours=5, minutes=30)))),
)
SNAPSHOTS = st.lists(st.builds(Snapshot, snapshot_id=WORDS, device=WORDS), max_size=3).map(tuple)
ATTRIBUTES = st.builds(
    Attributes,
    api_termination_disabled=st.booleans(),
    shutdown_behavior=WORDS,
    user_data=st.builds(UserData, digest=WORDS, length=st.integers(0, 1 << 14), sealed=WORDS),
)
CONFIGURATIONS = st.builds(
    Configuration,
    instance_id=WORDS,
    image_id=WORDS,
    instance_type=WORDS,
    placement=st.builds(Placement, zone=WORDS, partition=MAYBE),
    monitoring=st.booleans(),
    core_count=MAYBE,
    licenses=TEXTS,
    metadata=st.builds(Metadata, tokens=WORDS, hop_limit=st.integers(1, 64)),
    tags=TABLES,
    disks=st.lists(
        st.builds(Disk, device=WORDS, volume_id=WORDS, iops=MAYBE, throughput=MAYBE, tags=TABLES),
        max_size=2,
    ).map(tuple),
    interfaces=st.lists(
        st.builds(
            Interface,
            interface_id=WORDS,
            device_index=st.integers(0, 4),
            private_ips=TEXTS,
            groups=TEXTS,
        ),
        max_size=2,
    ).map(tuple),
    addresses=st.lists(
        st.builds(
            ElasticAddress,
            allocation_id=WORDS,
            association_id=WORDS,
            public_ip=WORDS,
            interface_id=WORDS,
            private_ip=WORDS,
        ),
        max_size=2,
    ).map(tuple),
    targets=st.lists(
        st.builds(Target, group_arn=WORDS, target_id=WORDS, port=st.integers(1, 65535)), max_size=2
    ).map(tuple),
    attributes=ATTRIBUTES,
    unreadable=TEXTS,
)
POINTS = st.builds(
    PointRecord,
    name=WORDS,
    region=WORDS,
    lineage=WORDS,
    instance_id=WORDS,
    kind=st.sampled_from(Kind),
    at=MOMENTS,
    retain=WORDS,
    stage=st.sampled_from(Stage),
    image_id=WORDS,
    snapshots=SNAPSHOTS,
    quarantined_at=st.none() | MOMENTS,
    missing_since=st.none() | MOMENTS,
)
INSTANCES = st.builds(
    InstanceRecord,
    instance_id=WORDS,
    region=WORDS,
    lineage=WORDS,
    role=st.sampled_from(Role),
    read_at=st.none() | MOMENTS,
)
JOURNALS = st.builds(
    Journal,
    id=WORDS,
    region=WORDS,
    lineage=WORDS,
    instance_id=WORDS,
    image_id=WORDS,
    mode=WORDS,
    digest=WORDS,
    configuration=CONFIGURATIONS,
    user_data_from=WORDS,
    devices=TEXTS,
    state=st.sampled_from(RollbackState),
    steps=st.lists(
        st.builds(
            StepRecord,
            name=WORDS,
            action=WORDS,
            about=WORDS,
            undo=WORDS,
            params=TABLES,
            state=st.sampled_from(StepState),
            began_at=st.none() | MOMENTS,
            facts=TABLES,
        ),
        max_size=3,
    ).map(tuple),
    created_at=MOMENTS,
    updated_at=MOMENTS,
)


def again(value: T) -> T:
    return from_json(type(value), to_json(value))


@settings(max_examples=100, deadline=None)
@given(CONFIGURATIONS)
def test_a_configuration_comes_back_from_the_catalogue(value: Configuration) -> None:
    assert again(value) == value
    assert again(value).digest == value.digest


@settings(max_examples=50, deadline=None)
@given(POINTS)
def test_a_point_record_comes_back_from_the_catalogue(value: PointRecord) -> None:
    assert again(value) == value


@settings(max_examples=50, deadline=None)
@given(INSTANCES)
def test_an_instance_record_comes_back_from_the_catalogue(value: InstanceRecord) -> None:
    assert again(value) == value


@settings(max_examples=50, deadline=None)
@given(JOURNALS)
def test_a_journal_comes_back_from_the_catalogue(value: Journal) -> None:
    assert again(value) == value


@settings(max_examples=100, deadline=None)
@given(CONFIGURATIONS, CONFIGURATIONS)
def test_a_text_names_one_value(one: Configuration, other: Configuration) -> None:
    assert (to_json(one) == to_json(other)) == (one == other)


def test_the_text_is_the_same_in_every_process() -> None:
    """Sorted keys, no spaces, UTC, letters as they are."""
    value = {"b": (1, None), "a": Kind.SCHEDULED, "ä": NOON, "c": True}

    assert to_json(value) == (
        '{"a":"scheduled","b":[1,null],"c":true,"ä":"2026-11-23T12:00:00+00:00"}'
    )


def test_the_order_of_a_mapping_does_not_count() -> None:
    one = configuration(tags={"a": "1", "b": "2"})
    other = configuration(tags={"b": "2", "a": "1"})

    assert to_json(one) == to_json(other)
    assert digest(one) == digest(other)


def test_an_instant_is_the_same_in_every_zone() -> None:
    local = NOON.astimezone(timezone(timedelta(hours=9)))

    assert encode(local) == encode(NOON) == "2026-11-23T12:00:00+00:00"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="has no zone"):
        to_json({"at": datetime(2026, 11, 23)})  # noqa: DTZ001


def test_a_digest_is_as_long_as_it_is_asked_to_be() -> None:
    assert digest("x") == digest("x", 64)[:16]
    assert len(digest("x", 64)) == 64
    assert digest("x") != digest("y")


def test_digests_stay_what_they_are_across_versions() -> None:
    """The catalogue holds digests that earlier versions wrote: a change here orphans them."""
    assert digest({"slot": NOON, "kind": Kind.MANUAL}) == "1cf61c3f6320a070"


def test_fields_added_since_a_row_was_written_take_their_defaults() -> None:
    row = json.loads(to_json(point_record(recovery_point())))
    del row["missing_since"], row["seal"]

    read = from_json(PointRecord, json.dumps(row))
    assert read == point_record(recovery_point(), seal="")


def test_fields_that_a_newer_version_wrote_are_passed_over() -> None:
    row = json.loads(to_json(journal("launch")))

    assert from_json(Journal, json.dumps(row | {"colour": "red"})) == journal("launch")


@dataclass(frozen=True)
class Odd:
    """Every shape of field that the catalogue knows."""

    name: str
    at: datetime = NOON
    count: int | None = None
    stage: Stage = Stage.TAKEN
    parts: tuple[str, ...] = ()
    table: Mapping[str, str] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{}", TypeError),
        ('"text"', TypeError),
        ("[]", TypeError),
        ("not json", ValueError),
        ('{"name": 7}', TypeError),
        ('{"name": null}', TypeError),
        ('{"name": "x", "at": "yesterday"}', ValueError),
        ('{"name": "x", "count": "7"}', TypeError),
        ('{"name": "x", "stage": "melted"}', ValueError),
        ('{"name": "x", "parts": "abc"}', TypeError),
        ('{"name": "x", "parts": [1]}', TypeError),
        ('{"name": "x", "table": ["a"]}', TypeError),
    ],
)
def test_a_text_that_is_no_such_value_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        from_json(Odd, text)


def test_a_text_that_is_such_a_value_is_read() -> None:
    text = '{"name": "x", "count": null, "parts": ["a"], "table": {"k": "v"}, "stage": "settled"}'

    assert from_json(Odd, text) == Odd("x", NOON, None, Stage.SETTLED, ("a",), {"k": "v"})


def test_a_kind_of_field_that_nobody_taught_it_is_an_error_and_no_guess() -> None:
    @dataclass(frozen=True)
    class Untaught:
        """A field of a type that is no class."""

        value: "T"  # type: ignore[valid-type]

    with pytest.raises(TypeError, match="cannot decode into"):
        from_json(Untaught, '{"value": 1}')
