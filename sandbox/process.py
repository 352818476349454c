"""The sandbox inside this process: what tests and the demo hold in their hands."""

import os
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Any, Self

from botocore.config import Config
from moto.core.models import MockAWS, botocore_stubber, responses_mock
from typing_extensions import override

from sandbox import fleet, gate, inside, world
from sandbox.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION
from sandbox.agenda import agenda
from sandbox.calls import Calls, calls
from sandbox.clock import Clock, clock
from sandbox.commands import Commands, commands
from sandbox.disks import Disks, disks
from sandbox.events import Events, events
from sandbox.faults import Faults, faults
from sandbox.functions import Functions, functions
from sandbox.health import Health, health
from sandbox.inside import NO_RETRIES, SECRET

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": DEFAULT_ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": DEFAULT_REGION,
    "AWS_REGION": DEFAULT_REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class _Moto(MockAWS):
    """moto between botocore and the wire; the world begins and ends its data.

    Its 1,300 patterns for the `requests` library are put up once: they take longer than a call.
    """

    @override
    def _enable_patching(self, reset: bool = True) -> None:
        if not responses_mock.registered():
            super()._enable_patching(reset=False)
            return
        botocore_stubber.enabled = True
        responses_mock.start()

    @override
    def _disable_patching(self, remove_data: bool) -> None:
        botocore_stubber.enabled = False
        responses_mock.stop()


@cache
def _client(service: str, region: str, account: str, config: Config) -> Any:  # noqa: ANN401
    made = inside.session(account).client
    return made(service, region_name=region, config=config)  # type: ignore[call-overload]


class Sandbox(AbstractContextManager["Sandbox"]):
    """AWS in this process while the ``with`` block lasts; everything is gone after it.

    *frozen* stops the clock, so that only the test moves it. Sandboxes do not nest.
    """

    def __init__(self, *, now: datetime | None = None, frozen: bool = False) -> None:
        self._now = now
        self._frozen = frozen
        self._moto = _Moto(config={"core": {"mock_credentials": False}})
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> Self:
        self._before = {name: os.environ.get(name) for name in (*ENVIRONMENT, *world.SETTINGS)}
        os.environ.update(ENVIRONMENT)
        world.begin(self._now, frozen=self._frozen)
        self._moto.start(reset=False)
        botocore_stubber.process_request = inside.through_the_gate  # type: ignore[method-assign]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        botocore_stubber.process_request = inside.serve_plainly  # type: ignore[method-assign]
        self._moto.stop()
        world.reset()
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    @property
    def clock(self) -> Clock:
        """The sandbox's clock."""
        return clock

    @property
    def calls(self) -> Calls:
        """Every AWS call so far."""
        return calls

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return faults

    @property
    def disks(self) -> Disks:
        """What volumes, snapshots and images hold."""
        self._catch_up()
        return disks

    @property
    def health(self) -> Health:
        """What status checks, volumes and targets will say."""
        self._catch_up()
        return health

    @property
    def events(self) -> Events:
        """The EventBridge events emitted so far."""
        self._catch_up()
        return events

    @property
    def commands(self) -> Commands:
        """What SSM commands do on the machines, and the log of what they did."""
        self._catch_up()
        return commands

    @property
    def functions(self) -> Functions:
        """The callables that stand for Lambda functions."""
        return functions

    def _catch_up(self) -> None:
        with gate.lock:
            agenda.settle()

    def load_fleet(self, document: object) -> list[str]:
        """Build what ``aws ec2 describe-instances`` printed; return the instance ids.

        Raises ``sandbox.fleet.FleetError``, having built nothing, when it cannot be.
        """
        with gate.lock:
            return fleet.load(document)

    def client(
        self,
        service: str,
        *,
        region: str = DEFAULT_REGION,
        account: str = DEFAULT_ACCOUNT,
        config: Config = NO_RETRIES,
    ) -> Any:  # noqa: ANN401 - boto3 makes client classes at run time
        """A boto3 client of *service*, in *region*, that is *account*; it does not retry.

        Asked again for the same, every sandbox answers with the same client: making one takes
        longer than most calls. Whoever changes a client's events asks with a *config* of its own.
        """
        return _client(service, region, account, config)
