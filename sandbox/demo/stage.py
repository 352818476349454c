"""The demonstration's stage: a served sandbox, its controls, and the `snapback` command."""

import contextlib
import io
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3

from chalicelib import cli
from chalicelib.aws.session import Session

ACCOUNT = "111122223333"
REGION = "eu-west-1"
FLEET = Path(__file__).with_name("fleet.json")


class Unfinished(Exception):  # noqa: N818 (it is the end of the story, not an error of the program)
    """Something that the demonstration promises did not happen."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one command printed and how it ended."""

    code: int
    text: str

    @property
    def payload(self) -> dict[str, Any]:
        """The JSON that it printed."""
        document: dict[str, Any] = json.loads(self.text)
        return document


@dataclass(frozen=True, slots=True)
class Stage:
    """One served sandbox."""

    url: str
    session: Session

    def control(self, path: str, body: dict[str, object] | None = None) -> Any:  # noqa: ANN401 (JSON)
        """One call of the sandbox's own control API (DESIGN section 8)."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/sandbox/{path}", data=data)  # noqa: S310 (loopback)
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def now(self) -> datetime:
        """The sandbox's time."""
        return datetime.fromisoformat(self.control("clock")["now"])

    def move_to(self, moment: datetime) -> None:
        """Move the sandbox's clock."""
        self.control("clock", {"now": moment.isoformat()})

    def advance(self, seconds: int) -> None:
        """Let time pass in the sandbox."""
        self.control("clock", {"advance_seconds": seconds})

    def disk(self, resource: str) -> str:
        """What a volume, snapshot, image or instance holds."""
        return str(self.control(f"disks?id={resource}")["holds"])

    def snapback(self, *arguments: str) -> Shown:
        """Run the command as an operator would, at the sandbox's time."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = cli.main([*arguments, "--at", self.now().isoformat()], session=self.session)
        return Shown(code, out.getvalue())

    def ec2(self) -> Any:  # noqa: ANN401 (boto3 clients are made at run time)
        """An EC2 client of the fleet's account."""
        return boto3.client("ec2")


@contextlib.contextmanager
def served(now: datetime) -> Iterator[Stage]:
    """Start `python -m sandbox serve` with the demonstration's fleet; stop it at the end."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0"]
    command += ["--fleet", str(FLEET), "--now", now.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield Stage(_address(process), Session(region=REGION))
        finally:
            process.terminate()


def _address(process: "subprocess.Popen[str]") -> str:
    """Read the address that the sandbox prints, and point boto3 at it."""
    stdout = process.stdout
    if stdout is None:
        raise Unfinished("the sandbox has no output")
    for line in stdout:
        if "http://" in line:
            url = "http://" + line.strip().partition("http://")[2].split()[0]
            os.environ.update(
                AWS_ENDPOINT_URL=url,
                AWS_ACCESS_KEY_ID=ACCOUNT,
                AWS_SECRET_ACCESS_KEY="sandbox",  # noqa: S106 (no secret: the sandbox asks for none)
                AWS_REGION=REGION,
                AWS_DEFAULT_REGION=REGION,
            )
            return url
    raise Unfinished("the sandbox did not start")
