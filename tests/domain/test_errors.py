"""Kinds of errors, and what a caller does about each."""

# A test's name is its sentence.
# ruff: noqa: D103

import pytest

from chalicelib.domain import errors
from chalicelib.domain.errors import (
    AwsError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    SnapbackError,
)


@pytest.mark.parametrize(
    ("kind", "exit_code", "code"),
    [
        (SnapbackError, 1, "failed"),
        (InvalidInputError, 2, "invalid_input"),
        (RefusedError, 3, "refused"),
        (NotFoundError, 4, "not_found"),
    ],
)
def test_each_kind_has_the_exit_code_that_the_design_names(
    kind: type[SnapbackError], exit_code: int, code: str
) -> None:
    err = kind("what happened", hint="what to do")

    assert (err.exit_code, err.code) == (exit_code, code)
    assert (err.message, err.hint, str(err)) == ("what happened", "what to do", "what happened")


def test_an_aws_error_says_what_was_being_done_and_aws_s_reason() -> None:
    err = AwsError("list images", "RequestLimitExceeded", "slow down")

    assert str(err) == "could not list images: RequestLimitExceeded: slow down"
    assert (err.doing, err.aws_code, err.aws_message) == (
        "list images",
        "RequestLimitExceeded",
        "slow down",
    )
    assert err.exit_code == 1


def test_every_error_is_one_of_ours() -> None:
    """A job catches SnapbackError once and misses none of them."""
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)]

    assert len(kinds) >= 10
    assert all(issubclass(kind, SnapbackError) and kind.__doc__ for kind in kinds)
