"""The place of each rule: the sandbox in three bodies, or a real account when asked for."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import world
from sandbox.process import Sandbox
from sandbox.server import Server
from tests.contract.account import ENVIRONMENT, RealAccount, credentials, region_of
from tests.contract.command_line import CommandLine
from tests.contract.place import NOON, ByCommand, InProcess, OverHttp, Place

BODIES = ("process", "http", "cli")
MARKS = {"passed": "ok", "failed": "WRONG", "error": "ERROR", "skipped": "-"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask each rule of every body; of a real account only by ``-m aws_account``."""
    if "place" not in metafunc.fixturenames:
        return
    alone = metafunc.definition.get_closest_marker("sandbox_only") is not None
    bodies: list[Any] = [*BODIES]
    if "aws_account" in metafunc.config.option.markexpr and not alone:
        marks = (pytest.mark.aws_account, pytest.mark.enable_socket)
        bodies.append(pytest.param("account", marks=marks))
    metafunc.parametrize("place", bodies, indirect=True)


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    """One port for all rules: each finds a new world behind it."""
    with Server() as listening:
        yield listening


@pytest.fixture(scope="session")
def _http_clients() -> Iterator[dict[tuple[str, str, str], Any]]:
    kept: dict[tuple[str, str, str], Any] = {}
    yield kept
    for client in kept.values():
        client.close()


@pytest.fixture(scope="session")
def _command_line(_server: Server) -> CommandLine:
    return CommandLine(_server.url)


@pytest.fixture(scope="session")
def _account(request: pytest.FixtureRequest) -> RealAccount:
    try:
        region = region_of(request.config.getoption("--account-region"))
    except ValueError as error:
        pytest.fail(str(error))
    return RealAccount(credentials(ENVIRONMENT), region)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A fresh AWS: Monday 2026-11-23, noon UTC, in the sandbox; whatever time it is outside."""
    if request.param == "process":
        with Sandbox(now=NOON, frozen=True) as sandbox:
            yield InProcess(sandbox)
    elif request.param == "account":
        account: RealAccount = request.getfixturevalue("_account")
        yield account
        account.close()
    else:
        yield from _served(request)


def _served(request: pytest.FixtureRequest) -> Iterator[Place]:
    server: Server = request.getfixturevalue("_server")
    world.begin(NOON, frozen=True)
    if request.param == "http":
        yield OverHttp(server.url, request.getfixturevalue("_http_clients"))
    else:
        yield ByCommand(server.url, request.getfixturevalue("_command_line"))
    world.reset()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401
    """With ``--contract-table``: every rule, and what each body made of it."""
    if not config.getoption("--contract-table"):
        return
    seen: dict[str, dict[str, str]] = {}
    for outcome, mark in MARKS.items():
        for report in terminalreporter.stats.get(outcome, []):
            rule, _, given = report.nodeid.rpartition("::")[2].partition("[")
            body = given.rstrip("]").partition("-")[0]
            marks = seen.setdefault(rule, {})
            marks[body] = mark if marks.get(body, "ok") == "ok" else marks[body]
    bodies = [each for each in (*BODIES, "account") if any(each in row for row in seen.values())]
    terminalreporter.section("contract")
    terminalreporter.write_line(f"{' '.join(f'{each:8}' for each in bodies)} rule")
    for rule, row in sorted(seen.items()):
        if set(row) & set(bodies):
            cells = " ".join(f"{row.get(each, ''):8}" for each in bodies)
            said = rule.removeprefix("test_").replace("_", " ")
            terminalreporter.write_line(f"{cells} {said}")
