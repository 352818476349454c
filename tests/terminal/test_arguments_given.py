"""Options that have one value in this version are accepted as DESIGN section 6 writes them."""

import pytest

from chalicelib.domain.errors import InvalidInputError
from chalicelib.terminal.arguments import parser

WEB = "i-0b7d4c9e1f2a3b4c5"


def test_the_ways_and_volumes_that_there_are_can_be_named() -> None:
    """Before the command or after it."""
    plan = ["rollback", "plan", WEB, "--volumes", "all", "--via", "direct"]
    args = parser().parse_args(["--via", "direct", *plan])

    assert (args.via, args.volumes) == ("direct", "all")


@pytest.mark.parametrize(
    "given", [["due", "--via", "lambda"], ["rollback", "plan", WEB, "--volumes", "root"]]
)
def test_what_is_not_built_is_refused_by_name(given: list[str]) -> None:
    """Nothing is accepted and then ignored."""
    with pytest.raises(InvalidInputError, match=given[-1]):
        parser().parse_args(given)
