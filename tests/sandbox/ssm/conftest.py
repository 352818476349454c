"""The sandbox of these tests, with clients that outlive it: making them takes longest."""

from typing import Any

import pytest

from sandbox.process import Sandbox

_clients: dict[Any, Any] = {}


@pytest.fixture
def aws(aws: Sandbox) -> Sandbox:
    """A fresh AWS; nobody here registers anything with a client."""
    aws._clients = _clients
    return aws
