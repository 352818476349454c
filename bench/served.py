"""A sandbox in a process of its own, which can fill itself by its own rules.

``python -m bench.served`` serves AWS on a free port and does what each line of its
standard input says. 100,000 images by call take a quarter of an hour; here the very rule
that the call obeys (``create_image`` of the sandbox's EC2) is applied directly, with the
clock moved on as the limit of pending snapshots asks.
"""

import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from moto.ec2.models import ec2_backends

from sandbox import gate, world
from sandbox.clock import clock
from sandbox.quotas import quotas
from sandbox.server import Server

BETWEEN_ROUNDS = 24 * 3600
MIB = 2**20
RAISED = {"images": 1_000_000, "snapshots": 2_000_000}
"""AWS's defaults would end the world at 50,000 images."""


class Served(AbstractContextManager["Served"]):
    """The process, from the outside."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.served"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        self.url = str(self._heard()["url"])

    def make_images(self, account: str, region: str, names: list[str]) -> None:
        """One image of every instance for each of *names*."""
        said = {"account": account, "region": region, "names": names}
        print(json.dumps(said), file=self._process.stdin, flush=True)
        self._heard()

    @property
    def resident(self) -> float:
        """The memory it holds, in MiB."""
        text = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024 / MIB

    @property
    def processor_time(self) -> float:
        """The seconds of processor time that it has used."""
        text = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8")
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - a pipe
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._process:
            self._process.terminate()


def image_tags(instance_id: str, name: str) -> dict[str, str]:
    """As many tags as Snapback gives a point (DESIGN section 3)."""
    return {
        "snapback:managed-by": "snapback/default",
        "snapback:lineage": instance_id,
        "snapback:instance": instance_id,
        "snapback:plan": "daily",
        "snapback:kind": "scheduled",
        "snapback:slot": name,
        "snapback:retain": "daily=7 weekly=4",
        "Name": f"{instance_id} {name}",
        "src:team": "shop",
    }


def as_sent(tags: dict[str, str]) -> dict[str, str]:
    """The tags as texts of their own, as if they had come in a request."""
    found: dict[str, str] = json.loads(json.dumps(tags))
    return found


def _make_images(account: str, region: str, names: list[str]) -> None:
    backend: Any = ec2_backends[account][region]
    for name in names:
        with gate.lock:
            clock.advance(BETWEEN_ROUNDS)
            for instance_id in list(backend.machines):
                of_image, of_snapshots = (as_sent(image_tags(instance_id, name)) for _ in "12")
                backend.create_image(
                    instance_id,
                    f"{instance_id} {name}",
                    "",
                    {"image": of_image, "snapshot": of_snapshots},
                )


def _main() -> None:
    world.begin()
    quotas.set(RAISED)
    with Server() as server:
        print(json.dumps({"url": server.url}), flush=True)
        for line in sys.stdin:
            _make_images(**json.loads(line))
            print("{}", flush=True)


if __name__ == "__main__":
    _main()
