"""Tags on recovery points, both ways."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.names import PointName, slot_key
from chalicelib.domain.point_tags import (
    LONGEST_KEY,
    LONGEST_VALUE,
    MOST_TAGS,
    ListedImage,
    PointTags,
    build_tags,
    managed_by,
    other_owner,
    read_point,
)
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, Snapshot, State
from tests.builders import NOON, WEB, utc

SLOT = utc("2026-11-23T03:00")
KNOWN = PointTags(
    deployment="prod",
    lineage=WEB,
    instance_id=WEB,
    kind=Kind.SCHEDULED,
    at=SLOT,
    plans=("hourly", "daily"),
    retain="daily=7",
    manifest="0123abcd",
)


def listed(
    known: PointTags = KNOWN,
    *,
    tags: dict[str, str] | None = None,
    without: tuple[str, ...] = (),
    **others: str,
) -> ListedImage:
    """The image that *known* was made into, with some of its tags changed or gone."""
    built, _ = build_tags(known, {})
    whole = {**built, "snapback:state": "usable", **(tags or {})}
    image = ListedImage(
        image_id="ami-0123456789abcdef0",
        name=str(PointName(known.instance_id, known.kind, slot_key(known.at))),
        region="eu-west-1",
        state="available",
        created="2026-11-23T03:00:07.000Z",
        source_instance=known.instance_id,
        snapshots=(Snapshot(snapshot_id="snap-1", device="/dev/xvda"),),
        tags={key: value for key, value in whole.items() if key not in without},
    )
    return replace(image, **others)  # type: ignore[arg-type]


def read(image: ListedImage) -> RecoveryPoint:
    """What the deployment prod makes of *image*."""
    return read_point(image, "prod")


def test_a_point_is_created_with_everything_that_it_is_known_by() -> None:
    tags, dropped = build_tags(KNOWN, {"Name": "web", "team": "shop"})

    assert tags == {
        "snapback:managed-by": "snapback/prod",
        "snapback:lineage": WEB,
        "snapback:instance": WEB,
        "snapback:kind": "scheduled",
        "snapback:slot": "2026-11-23T03:00Z",
        "snapback:retain": "daily=7",
        "snapback:manifest": "0123abcd",
        "snapback:plan": "hourly+daily",
        "Name": "web 2026-11-23T03:00Z",
        "src:Name": "web",
        "src:team": "shop",
    }
    assert dropped == ()


def test_a_change_point_carries_its_change_and_a_date_when_there_is_one() -> None:
    known = replace(KNOWN, kind=Kind.CHANGE, plans=(), change="CHG-7", keep_until=NOON)
    tags, _ = build_tags(known, {})

    assert tags["snapback:change"] == "CHG-7"
    assert tags["snapback:keep-until"] == "2026-11-23T12:00:00Z"
    assert "snapback:plan" not in tags
    assert tags["Name"] == f"{WEB} 2026-11-23T03:00Z"


def test_F12_aws_keys_are_not_copied() -> None:
    tags, dropped = build_tags(KNOWN, {"aws:ec2:fleet-id": "x", "AWS:Thing": "y"})

    assert not [key for key in tags if "aws" in key.lower()]
    assert dropped == ()


def test_F13_an_instance_can_not_smuggle_in_our_keys() -> None:
    forged = {
        "snapback:managed-by": "snapback/prod",
        "snapback:hold": "forever",
        "Snapback:keep-until": "2099-01-01",
    }
    tags, _ = build_tags(KNOWN, forged)

    assert tags == build_tags(KNOWN, {})[0]


SOURCES = st.dictionaries(
    st.text(min_size=1, max_size=LONGEST_KEY) | st.sampled_from(["aws:a", "snapback:hold", "Name"]),
    st.text(max_size=LONGEST_VALUE),
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(SOURCES, st.randoms(use_true_random=False))
def test_F14_the_tag_set_always_fits_and_drops_the_same_every_time(
    source: dict[str, str], rng: random.Random
) -> None:
    """Room is left for state, hold and quarantined-at; all of ours are always there."""
    tags, dropped = build_tags(KNOWN, source)
    again = build_tags(KNOWN, dict(rng.sample(sorted(source.items()), len(source))))
    ours, _ = build_tags(KNOWN, {})

    assert (tags, dropped) == again
    assert len(tags) <= MOST_TAGS - 3
    assert all(len(k) <= LONGEST_KEY and len(v) <= LONGEST_VALUE for k, v in tags.items())
    assert {k: v for k, v in tags.items() if k.startswith("snapback:")} == {
        k: v for k, v in ours.items() if k.startswith("snapback:")
    }
    copied = {k.removeprefix("src:") for k in tags if k.startswith("src:")}
    assert copied.isdisjoint(dropped)
    lost = {k for k in source if not k.lower().startswith(("aws:", "snapback:"))} - copied
    assert lost == set(dropped)


def test_F14_fifty_tags_lose_the_last_by_name() -> None:
    source = {f"key-{n:02}": "x" for n in reversed(range(50))}
    tags, dropped = build_tags(KNOWN, source)

    assert len(tags) == MOST_TAGS - 3
    assert dropped == tuple(sorted(source))[-len(dropped) :]


@pytest.mark.parametrize(
    ("key", "value", "fits"),
    [
        ("k" * 124, "v" * 256, True),
        ("k" * 125, "v", False),
        ("k", "v" * 257, False),
    ],
)
def test_F14_a_tag_that_ec2_would_not_take_with_our_prefix_is_dropped_by_name(
    key: str, value: str, fits: bool
) -> None:
    """A key may have 128 characters and a value 256, and ``src:`` takes four of them."""
    tags, dropped = build_tags(KNOWN, {key: value})

    assert (f"src:{key}" in tags) is fits
    assert dropped == (() if fits else (key,))


def test_F14_the_limits_are_those_of_ec2() -> None:
    assert (MOST_TAGS, LONGEST_KEY, LONGEST_VALUE) == (50, 128, 256)


MOMENTS = st.integers(0, 10**6).map(lambda m: utc("2026-01-01T00:00") + timedelta(minutes=m))
KNOWNS = st.builds(
    PointTags,
    deployment=st.just("prod"),
    lineage=st.sampled_from([WEB, "i-00000000000000001"]),
    instance_id=st.just(WEB),
    kind=st.sampled_from(Kind),
    at=MOMENTS,
    plans=st.lists(st.sampled_from(["hourly", "daily", "db-nightly"]), unique=True).map(tuple),
    retain=st.sampled_from(["", "daily=7", "within=30d"]),
    manifest=st.sampled_from(["", "0123abcd"]),
    keep_until=st.none() | MOMENTS,
    change=st.sampled_from(["", "CHG-7"]),
)


@settings(max_examples=80, deadline=None)
@given(KNOWNS)
def test_what_is_written_is_what_is_read(known: PointTags) -> None:
    point = read(listed(known))

    assert point.problems == ()
    assert known == PointTags(
        deployment="prod",
        lineage=point.lineage,
        instance_id=point.instance_id,
        kind=point.kind,
        at=point.at,
        plans=point.plans,
        retain=point.retain,
        manifest=point.manifest,
        keep_until=point.keep_until,
        change=point.change,
    )


def test_the_rest_of_a_point_is_what_the_listing_says() -> None:
    point = read(listed(tags={"snapback:hold": "2027-01-01"}))

    assert point.image_id == "ami-0123456789abcdef0"
    assert point.name == f"snapback/{WEB}/scheduled/20261123T0300Z"
    assert point.region == "eu-west-1"
    assert point.created_at == datetime.fromisoformat("2026-11-23T03:00:07+00:00")
    assert point.snapshots == (Snapshot(snapshot_id="snap-1", device="/dev/xvda"),)
    assert point.is_available
    assert point.hold == "2027-01-01"
    assert point.quarantined_at is None


def test_a_hold_without_a_value_is_a_hold_all_the_same() -> None:
    assert read(listed(tags={"snapback:hold": ""})).hold == "forever"
    assert read(listed()).hold == ""


QUARANTINED = {"snapback:quarantined-at": "2026-11-23T05:00:00Z"}


@pytest.mark.parametrize(
    ("said", "tags", "state"),
    [
        ("available", {}, State.USABLE),
        ("available", {"snapback:state": "verified"}, State.VERIFIED),
        ("available", {"snapback:state": "failed"}, State.FAILED),
        ("available", {"snapback:state": ""}, State.PENDING),
        ("available", {"snapback:state": "quarantined", **QUARANTINED}, State.PENDING),
        ("pending", {}, State.PENDING),
        ("transient", {}, State.PENDING),
        ("failed", {}, State.FAILED),
        ("error", {}, State.FAILED),
        ("invalid", {}, State.FAILED),
        ("disabled", {}, State.DISABLED),
        ("disabled", QUARANTINED, State.QUARANTINED),
        ("deregistered", {}, State.GONE),
    ],
)
def test_F08_a_state_is_what_ec2_and_our_tag_say_together(
    said: str, tags: dict[str, str], state: State
) -> None:
    point = read(listed(tags=tags, state=said))

    assert point.state is state
    assert point.problems == ()
    assert point.is_available is (said == "available")


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (listed(state="archived"), "EC2 calls it 'archived'"),
        (listed(tags={"snapback:state": "good"}), "its tag snapback:state is 'good'"),
        (listed(name="my-golden-image"), "is not one that Snapback gives"),
        (listed(tags={"snapback:managed-by": "snapback/dev"}), "not that of the deployment prod"),
        (listed(without=("snapback:managed-by",)), "not that of the deployment prod"),
        (listed(tags={"snapback:kind": "manual"}), "its tag snapback:kind says otherwise"),
        (listed(tags={"snapback:kind": "golden"}), "its tag snapback:kind is 'golden'"),
        (listed(name="x", without=("snapback:kind",)), "its tag snapback:kind is ''"),
        (listed(tags={"snapback:instance": "i-1"}), f"its name says {WEB}, its tag says i-1"),
        (listed(without=("snapback:instance",)), "its tag says nothing"),
        (listed(source_instance="i-2"), "EC2 says that it was made from i-2"),
        (listed(without=("snapback:lineage",)), "it has no tag snapback:lineage"),
        (listed(without=("snapback:slot",)), "snapback:slot '' is not a time"),
        (listed(tags={"snapback:slot": "yesterday"}), "snapback:slot 'yesterday' is not a time"),
        (listed(tags={"snapback:slot": "2026-11-23T03:00"}), "has no zone"),
        (listed(tags={"snapback:keep-until": "20-11-2026"}), "snapback:keep-until '20-11-2026'"),
        (
            listed(tags={"snapback:keep-until": "0001-01-01T00:00+14:00"}),
            "snapback:keep-until '0001-01-01T00:00+14:00'",
        ),
        (listed(tags={"snapback:quarantined-at": "?"}), "snapback:quarantined-at '?'"),
        (listed(created="soon"), "creation date 'soon' is not a time"),
    ],
)
def test_F54_what_contradicts_itself_is_a_problem_of_that_point(
    image: ListedImage, why: str
) -> None:
    assert any(why in problem for problem in read(image).problems)


def test_an_image_of_another_source_is_none_of_the_name_s_business() -> None:
    """A copy has no source instance: that alone is no contradiction."""
    assert read(listed(source_instance="")).problems == ()


def test_managed_by_names_the_deployment() -> None:
    assert managed_by("prod") == "snapback/prod"


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(build_tags(KNOWN, {})[0]))
        | st.sampled_from(["snapback:hold", "snapback:state", *QUARANTINED, "snapback:keep-until"]),
        st.text(max_size=30) | st.sampled_from(["usable", "manual", "2026-11-23", "forever"]),
    ),
    st.text(max_size=30),
    st.text(max_size=20),
)
def test_F54_any_text_in_any_tag_still_makes_a_point(
    tags: dict[str, str], name: str, state: str
) -> None:
    """Never an exception, and never a usable point without its name in order."""
    point = read(listed(tags=tags, name=name, state=state))

    assert point.problems


@pytest.mark.parametrize(
    ("tags", "alias", "owner"),
    [
        ({}, "", ""),
        ({"src:aws:backup:x": "1", "CreatedBy": "me"}, "", ""),
        ({"aws:backup:source-resource": "arn"}, "", "AWS Backup"),
        ({}, "aws-backup-vault", "AWS Backup"),
        ({"dlm:managed": "true"}, "", "Data Lifecycle Manager"),
        ({"aws:dlm:lifecycle-policy-id": "policy-1"}, "", "Data Lifecycle Manager"),
        ({"Ec2ImageBuilderArn": "arn"}, "", "EC2 Image Builder"),
        ({"CreatedBy": "EC2 Image Builder"}, "", "EC2 Image Builder"),
    ],
)
def test_what_another_service_manages_bears_its_marks(
    tags: dict[str, str], alias: str, owner: str
) -> None:
    assert other_owner(tags, alias) == owner
