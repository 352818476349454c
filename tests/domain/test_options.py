"""The grammar of options."""

# A test's name is its sentence.
# ruff: noqa: D103

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.options import Options, parse_options


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", Options()),
        ("reboot=yes", Options(reboot=True)),
        ("reboot=no", Options()),
        ("exclude=/dev/sdf", Options(excluded=("/dev/sdf",))),
        (
            "exclude=xvdf exclude=/dev/sdb exclude=xvdf",
            Options(excluded=("/dev/sdb", "xvdf")),
        ),
        (
            "reboot=yes  exclude=/dev/nvme1n1",
            Options(reboot=True, excluded=("/dev/nvme1n1",)),
        ),
        (
            "consistency=app copy=eu-west-1",
            Options(not_done=("consistency=app", "copy=eu-west-1")),
        ),
    ],
)
def test_options_are_read(text: str, options: Options) -> None:
    assert parse_options(text) == options


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("reboot", "'' is no value for reboot"),
        ("reboot=maybe", "'maybe' is no value for reboot"),
        ("reboot=YES", "'YES' is no value for reboot"),
        ("exclude=", "'' is no value for exclude"),
        ("exclude=sdf;rm", "is no value for exclude"),
        ("exclude=/dev/../etc", "is no value for exclude"),
        ("copy=", "'' is no value for copy"),
        ("rebot=yes", "did you mean reboot?"),
        ("colour=red", "no option 'colour'"),
    ],
)
def test_what_is_no_option_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_options(text)

    assert why in caught.value.message
    assert "exclude=/dev/sdf" in caught.value.hint


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_options("rebot=yes exclude= reboot=maybe")

    assert caught.value.message.count(";") == 2


@given(st.text(max_size=60))
def test_no_text_at_all_makes_the_parser_fall_over(text: str) -> None:
    try:
        options = parse_options(text)
    except InvalidInputError:
        return

    assert options == Options() or text.strip()
