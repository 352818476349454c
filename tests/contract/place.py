"""Where a rule is asked: one sandbox in three bodies, each a ``Place``."""

import json
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

import boto3

from sandbox.inside import NO_RETRIES, SECRET
from sandbox.process import Sandbox
from tests.contract.command_line import CommandLine

HOME, ABROAD = "us-east-1", "eu-west-1"
OWNER, STRANGER = "123456789012", "210987654321"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

T = TypeVar("T")


class NotInTimeError(AssertionError):
    """What a rule waits for did not happen within the time it has."""


class Place(ABC):
    """An AWS that a rule is held against."""

    name: ClassVar[str]
    account = OWNER
    region = HOME
    tag: tuple[str, str] | None = None
    """The tag that the place itself puts on everything, if it does."""

    @abstractmethod
    def client(self, service: str, *, region: str = "", account: str = "") -> Any:  # noqa: ANN401
        """Who answers ``method(**parameters)`` as a boto3 client does; it does not retry."""

    @abstractmethod
    def later(self, seconds: float) -> None:
        """Let *seconds* pass."""

    @abstractmethod
    def until(self, look: Callable[[], T], *, at_most: float = 600) -> T:
        """Look again and again until something is seen, and return it.

        Raises ``NotInTimeError`` after *at_most* seconds of the place's own time.
        """

    @property
    @abstractmethod
    def image(self) -> str:
        """An Amazon Linux image, x86_64, one root volume."""

    @cached_property
    def ec2(self) -> Any:  # noqa: ANN401 - boto3 makes client classes at run time
        """EC2 at home."""
        return self.client("ec2")

    def unique(self, word: str) -> str:
        """A name that nobody else has."""
        return f"contract-{word}-{uuid4().hex[:12]}"

    def tags(self, described: dict[str, Any]) -> dict[str, str]:
        """The tags of what was described, without the place's own."""
        found = {each["Key"]: each["Value"] for each in described.get("Tags", [])}
        if self.tag is not None:
            found.pop(self.tag[0], None)
        return found


class SandboxPlace(Place):
    """The sandbox, whose clock moves when it is told to."""

    image = "ami-0abc0000000000001"

    def until(self, look: Callable[[], T], *, at_most: float = 600) -> T:
        """Look, and move the clock in growing steps while there is nothing to see."""
        passed, step = 0.0, 5.0
        while not (seen := look()):
            if passed >= at_most:
                raise NotInTimeError(f"nothing to see after {passed:g} s")
            self.later(step)
            passed, step = passed + step, min(step * 2, 60.0)
        return seen

    def control(self, path: str, document: dict[str, Any]) -> None:
        """Tell the sandbox what no AWS can be told: faults, verdicts on health."""
        raise NotImplementedError


class InProcess(SandboxPlace):
    """boto3 through ``sandbox.process``: nothing leaves this process."""

    name = "process"

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def client(self, service: str, *, region: str = "", account: str = "") -> Any:  # noqa: ANN401
        """The sandbox's own clients."""
        return self._sandbox.client(
            service, region=region or self.region, account=account or self.account
        )

    def later(self, seconds: float) -> None:
        """Move the clock."""
        self._sandbox.clock.advance(seconds)

    def control(self, path: str, document: dict[str, Any]) -> None:
        """Only health is told in process; all else is what the served control paths are for."""
        assert path == "health", path
        self._sandbox.health.set(**document)


class Served(SandboxPlace):
    """The sandbox at a URL; its clock is moved over HTTP, too."""

    def __init__(self, url: str) -> None:
        self._url = url

    def later(self, seconds: float) -> None:
        """Move the clock."""
        self.control("clock", {"advance_seconds": seconds})

    def control(self, path: str, document: dict[str, Any]) -> None:
        """POST to one of the sandbox's control paths."""
        body = json.dumps(document).encode()
        asked = urllib.request.Request(f"{self._url}/sandbox/{path}", body, method="POST")  # noqa: S310
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - our own loopback
            answer.read()


class OverHttp(Served):
    """boto3 against a served sandbox."""

    name = "http"

    def __init__(self, url: str, kept: dict[tuple[str, str, str], Any]) -> None:
        """*kept* holds the clients from rule to rule: each costs more than a call."""
        super().__init__(url)
        self._kept = kept

    def client(self, service: str, *, region: str = "", account: str = "") -> Any:  # noqa: ANN401
        """A client of the served sandbox."""
        wanted = (service, region or self.region, account or self.account)
        if wanted not in self._kept:
            make: Any = boto3.session.Session(
                aws_access_key_id=wanted[2], aws_secret_access_key=SECRET
            ).client
            self._kept[wanted] = make(
                service, region_name=wanted[1], endpoint_url=self._url, config=NO_RETRIES
            )
        return self._kept[wanted]


class ByCommand(Served):
    """The AWS CLI against a served sandbox."""

    name = "cli"

    def __init__(self, url: str, command_line: CommandLine) -> None:
        super().__init__(url)
        self._command_line = command_line

    def client(self, service: str, *, region: str = "", account: str = "") -> Any:  # noqa: ANN401
        """Commands of *service* that look like a client's methods."""
        return self._command_line.client(service, region or self.region, account or self.account)
