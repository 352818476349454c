"""Names and groups: whose point is whose, exactly, whatever people call their machines."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.names import PointName, parse_name, slot_key
from chalicelib.domain.point_tags import ListedImage, PointTags, build_tags, read_point
from chalicelib.domain.recovery_point import Kind
from tests.builders import IMAGE, NIGHT, REGION, SNAPSHOTS, WEB

SHORT = "i-01234567"
LONG = f"{SHORT}89abcdef0"
"""An id of the later length that begins with a whole one of the earlier."""


def made_by(deployment: str, instance_id: str = WEB, called: str = "web") -> ListedImage:
    """The image that *deployment* makes of an instance tonight."""
    point = PointTags(
        deployment=deployment,
        lineage=instance_id,
        instance_id=instance_id,
        kind=Kind.SCHEDULED,
        at=NIGHT,
        plans=("daily",),
        retain="daily=7",
        manifest="0123abcd",
    )
    tags, _ = build_tags(point, {"Name": called})
    return ListedImage(
        image_id=IMAGE,
        name=str(PointName(instance_id, Kind.SCHEDULED, slot_key(NIGHT))),
        region=REGION,
        state="available",
        created="2026-11-23T03:00:00.000Z",
        source_instance=instance_id,
        snapshots=SNAPSHOTS,
        tags=tags,
    )


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=256))
def test_F11_whatever_a_machine_is_called_its_images_have_the_same_legal_name(called: str) -> None:
    """EC2 takes 3 to 128 of these characters; a Name tag may hold any."""
    image = made_by("prod", called=called)

    assert image.name == made_by("prod").name
    assert re.fullmatch(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}", image.name)
    assert read_point(image, "prod").problems == ()
    assert len(image.tags["Name"]) <= 256


@pytest.mark.parametrize(
    ("maker", "reader"),
    [("prod", "dev"), ("prod", "prod2"), ("prod2", "prod"), ("prod", "Prod"), ("a", "")],
)
def test_F55_a_deployment_never_takes_the_points_of_another_for_its_own(
    maker: str, reader: str
) -> None:
    assert read_point(made_by(maker), maker).problems == ()
    assert f"not that of the deployment {reader}" in read_point(made_by(maker), reader).problems[0]


def test_F55_an_id_that_another_begins_with_is_another_machine() -> None:
    short, long = (PointName(i, Kind.SCHEDULED, slot_key(NIGHT)) for i in (SHORT, LONG))

    assert parse_name(str(short)) == short
    assert parse_name(str(long)) == long
    assert not str(long).startswith(str(short))

    swapped = replace(made_by("prod", LONG), name=str(short), source_instance="")
    assert read_point(swapped, "prod").problems == (f"its name says {SHORT}, its tag says {LONG}",)


@pytest.mark.parametrize("lineage", ["i-0123456789abcdef", f"{WEB} ", WEB.upper(), "i-*", "i-"])
def test_F56_a_lineage_is_read_letter_by_letter(lineage: str) -> None:
    image = made_by("prod")

    point = read_point(replace(image, tags={**image.tags, "snapback:lineage": lineage}), "prod")

    assert point.lineage == lineage != WEB
