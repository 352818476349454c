"""The in-process sandbox, with a clock that stands still at a Monday noon."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sandbox import world
from sandbox.process import Sandbox
from sandbox.server import Server

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def aws() -> Iterator[Sandbox]:
    """A fresh AWS at Monday 2026-11-23, noon UTC; the clock moves only when told to."""
    with Sandbox(now=NOON, frozen=True) as sandbox:
        yield sandbox


@pytest.fixture
def ec2(aws: Sandbox) -> "EC2Client":
    """EC2 in us-east-1 of account 123456789012."""
    client: EC2Client = aws.client("ec2")
    return client


@pytest.fixture
def server() -> Iterator[Server]:
    """The same AWS, over HTTP on a loopback port of its own."""
    world.begin(NOON, frozen=True)
    with Server() as listening:
        yield listening
    world.reset()
