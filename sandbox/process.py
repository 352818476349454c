"""The sandbox inside this process: what tests and the demo hold in their hands."""

import os
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Any, Self, cast

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.loaders import Loader
from moto import mock_aws
from moto.core.models import botocore_stubber
from moto.core.request import normalize_request

from sandbox import fleet, gate, world
from sandbox.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION
from sandbox.calls import Calls, calls
from sandbox.clock import Clock, clock
from sandbox.disks import Disks, disks
from sandbox.events import Events, events
from sandbox.faults import Faults, faults
from sandbox.health import Health, health
from sandbox.replies import Reply

SECRET = "sandbox"  # noqa: S105 - nobody checks it

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": DEFAULT_ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": DEFAULT_REGION,
    "AWS_REGION": DEFAULT_REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}

NO_RETRIES = Config(retries={"total_max_attempts": 1})

_serve_plainly = botocore_stubber.process_request


@cache
def _session(account: str) -> boto3.session.Session:
    """One session an account: parsing EC2's model for every client is slow."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _loader())
    return boto3.session.Session(
        aws_access_key_id=account, aws_secret_access_key=SECRET, botocore_session=session
    )


@cache
def _client(service: str, region: str, account: str, config: Config) -> Any:  # noqa: ANN401
    return _session(account).client(service, region_name=region, config=config)  # type: ignore[call-overload]


@cache
def _loader() -> Loader:
    """One reader of botocore's models for all sessions."""
    return cast("Loader", botocore.session.get_session().get_component("data_loader"))


class Sandbox(AbstractContextManager["Sandbox"]):
    """AWS in this process while the ``with`` block lasts; everything is gone after it.

    *frozen* stops the clock, so that only the test moves it. Sandboxes do not nest.
    """

    def __init__(self, *, now: datetime | None = None, frozen: bool = False) -> None:
        self._now = now
        self._frozen = frozen
        self._moto = mock_aws(config={"core": {"mock_credentials": False}})
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> Self:
        self._before = {name: os.environ.get(name) for name in (*ENVIRONMENT, *world.SETTINGS)}
        os.environ.update(ENVIRONMENT)
        world.begin(self._now, frozen=self._frozen)
        self._moto.start(reset=False)
        botocore_stubber.process_request = _through_the_gate  # type: ignore[method-assign]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        botocore_stubber.process_request = _serve_plainly  # type: ignore[method-assign]
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
        return disks

    @property
    def health(self) -> Health:
        """What status checks, volumes and targets will say."""
        return health

    @property
    def events(self) -> Events:
        """The EventBridge events emitted so far."""
        return events

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


def _through_the_gate(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes] | None:
    """Stand in moto's place between botocore and the wire."""

    def work() -> Reply:
        answer = _serve_plainly(request)
        if answer is None:
            return Reply(404, {}, b"Not yet implemented")
        status, headers, body = answer
        return Reply(status, headers, body.encode() if isinstance(body, str) else body)

    if ".amazonaws.com" not in request.url:
        return None
    try:
        return gate.handle(normalize_request(request), work)
    except gate.Dropped:
        raise ConnectionClosedError(endpoint_url=request.url, request=request) from None
    except gate.Late:
        raise ReadTimeoutError(endpoint_url=request.url, request=request) from None
