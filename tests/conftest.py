"""What tests of the edges share: an AWS in this process, a machine in it, the command."""

import gc
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from chalicelib import cli, wiring
from chalicelib.aws.session import Session
from chalicelib.settings import Settings
from chalicelib.wiring import Wiring
from sandbox.process import Sandbox
from tests.aws.heard import Heard, listen
from tests.aws.scenes import Machine, launch_web
from tests.builders import NOON


@cache
def _session() -> Session:
    """One session for every test of a process: parsing EC2's model takes a quarter of a second."""
    return listen(Session())


@dataclass(frozen=True, slots=True)
class Shown:
    """What one command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def payload(self) -> dict[str, Any]:
        """The JSON that it printed."""
        document: dict[str, Any] = json.loads(self.out)
        return document


class Terminal:
    """An operator's terminal over the sandbox: `snapback`, at the sandbox's time."""

    def __init__(
        self, sandbox: Sandbox, session: Session, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._sandbox = sandbox
        self._session = session
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Shown:
        """Run one command at the sandbox's time."""
        return self.plainly("--at", self._sandbox.clock.now().isoformat(), *arguments)

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run one command, insist on its exit code, read its JSON."""
        shown = self("--output", "json", *arguments)

        assert shown.code == code, shown.out + shown.err
        return shown.payload

    def plainly(self, *arguments: str) -> Shown:
        """Run one command with exactly these arguments."""
        self._capsys.readouterr()
        code = cli.main(arguments, session=self._session)
        said = self._capsys.readouterr()
        return Shown(code, said.out, said.err)

    def tick(self, **later: float) -> dict[str, Any]:
        """Let time pass and run the tick."""
        self._sandbox.clock.advance(timedelta(**later).total_seconds())
        return self.json("run", "tick")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The contract's own options (see ``tests/contract``)."""
    group = parser.getgroup("contract")
    group.addoption("--account-region", help="the region for -m aws_account, a real account's")
    group.addoption("--contract-table", action="store_true", help="print every rule and body")


def pytest_collection_finish() -> None:
    """Spare Python looking for garbage in models and modules, a quarter of a second each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the settings or the profile of whoever runs it, nor another test's wiring."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    wiring.deployed.cache_clear()
    yield
    wiring.deployed.cache_clear()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A fresh AWS at Monday 2026-11-23, noon UTC; its clock moves only when told to."""
    with Sandbox(now=NOON, frozen=True) as place:
        yield place


@pytest.fixture
def session(sandbox: Sandbox) -> Session:
    """The sandbox's credentials, as the product holds them."""
    del sandbox
    return _session()


@pytest.fixture
def heard(session: Session) -> Iterator[Heard]:
    """Every call that the product makes through botocore, with its parameters."""
    del session
    with Heard.now() as listening:
        yield listening


@pytest.fixture
def deployed(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda functions use the tests' own session: its clients are kept from test to test."""
    monkeypatch.setattr(wiring, "Session", lambda **_: session)


@pytest.fixture
def wired(session: Session) -> Wiring:
    """The whole product on the sandbox, with default settings."""
    return Wiring(Settings(), session)


@pytest.fixture
def web(sandbox: Sandbox) -> Machine:
    """A tagged web server with a data disk, an Elastic IP, a target group and user data."""
    return launch_web(sandbox)


@pytest.fixture
def snapback(sandbox: Sandbox, session: Session, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """The `snapback` command."""
    return Terminal(sandbox, session, capsys)
