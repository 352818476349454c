"""What a replacement is tagged with, and what it gets no room for."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.launch import MOST_TAGS, devices_of, launch_tags
from tests.builders import SNAPSHOTS, WEB, configuration

KEYS = st.text("awsAWS:nm", min_size=1, max_size=8) | st.sampled_from(
    ("snapback:lineage", "snapback:rollback", "snapback:plan", "Name")
)


def test_a_replacement_is_tagged_like_the_original_and_knows_where_it_comes_from() -> None:
    tags, dropped = launch_tags(configuration(), lineage=WEB, rollback="rb-1")

    assert tags == {
        "Name": "web",
        "snapback:plan": "daily",
        "team": "shop",
        "snapback:lineage": WEB,
        "snapback:rollback": "rb-1",
    }
    assert dropped == ()


def test_F12_tags_of_aws_stay_behind_and_are_named() -> None:
    source = configuration(tags={"aws:cloudformation:stack-id": "s", "AWS:x": "y", "Name": "web"})
    tags, dropped = launch_tags(source, lineage=WEB, rollback="rb-1")

    assert set(tags) == {"Name", "snapback:lineage", "snapback:rollback"}
    assert dropped == ("AWS:x", "aws:cloudformation:stack-id")


def test_F13_a_lineage_that_somebody_tagged_by_hand_is_overwritten() -> None:
    forged = configuration(tags={"snapback:lineage": "i-0fedcba9876543210"})
    tags, _ = launch_tags(forged, lineage=WEB, rollback="rb-1")

    assert tags["snapback:lineage"] == WEB


def test_F14_the_rollbacks_id_gives_way_before_the_lineage_and_the_users_tags_never() -> None:
    for count, ours in ((48, 2), (49, 1), (50, 0)):
        full = configuration(tags={f"k{n:02}": "v" for n in range(count)})
        tags, _ = launch_tags(full, lineage=WEB, rollback="rb-1")

        assert len(tags) == count + ours
        assert [k for k in tags if k.startswith("snapback:")] == [
            "snapback:lineage",
            "snapback:rollback",
        ][:ours]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, st.text(max_size=3), max_size=50))
def test_F14_whatever_the_source_carries_the_replacement_can_be_tagged(
    source: dict[str, str],
) -> None:
    tags, dropped = launch_tags(configuration(tags=source), lineage=WEB, rollback="rb-1")

    assert len(tags) <= MOST_TAGS
    assert not [k for k in tags if k.lower().startswith("aws:")]
    assert set(source) == (set(tags) & set(source)) | set(dropped)


def test_devices_are_told_in_one_order() -> None:
    assert devices_of(SNAPSHOTS) == devices_of(SNAPSHOTS[::-1]) == ("/dev/sdf", "/dev/xvda")
