"""The contract on a real account: only what it made itself is touched, and all of it goes.

``pytest -m aws_account --account-region=eu-central-1 tests/contract`` (both are needed; see
CONTRIBUTING.md). It costs a few cents: t3.micro instances for minutes, small volumes.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3

from sandbox.inside import NO_RETRIES
from tests.contract.ledger import TAG, Ledger
from tests.contract.place import NotInTimeError, Place, T

POLL = 5.0
LONGEST_WAIT = 300.0
LATEST_LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-x86_64"


def credentials(environment: Mapping[str, str]) -> boto3.session.Session:
    """Whoever runs the tests: their profile, before the suite hides it from every test."""
    return boto3.session.Session(profile_name=environment.get("AWS_PROFILE"))


class RealAccount(Place):
    """A real account and region, asked with boto3; time passes by itself.

    *endpoint* and *sleep* are for the rehearsal against the sandbox.
    """

    name = "account"

    def __init__(
        self,
        session: boto3.session.Session,
        region: str,
        *,
        endpoint: str | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.region = region
        self._session = session
        self._endpoint = endpoint
        self._sleep = sleep
        self._clients: dict[tuple[str, str], Any] = {}
        self._image = ""
        self.account = str(self._plain("sts").get_caller_identity()["Account"])
        self.ledger = Ledger(self._plain("ec2"))
        self.tag = (TAG, self.ledger.run)

    def client(self, service: str, *, region: str = "", account: str = "") -> Any:  # noqa: ANN401
        """A client whose calls pass the ledger first; there is one account and one region."""
        assert region in ("", self.region), "one region is enough to clean up"
        assert account in ("", self.account), "one account is enough to clean up"
        wanted = (service, self.region)
        if wanted not in self._clients:
            client = self._plain(service)
            self.ledger.watch(client)
            self._clients[wanted] = client
        return self._clients[wanted]

    def _plain(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes client classes at run time
        make: Any = self._session.client
        return make(
            service, region_name=self.region, endpoint_url=self._endpoint, config=NO_RETRIES
        )

    def later(self, seconds: float) -> None:
        """Wait for real; a rule that needs more than minutes is the sandbox's alone."""
        assert seconds <= LONGEST_WAIT, f"mark the rule `sandbox_only`: {seconds:g} s are long"
        self._sleep(seconds)

    def until(self, look: Callable[[], T], *, at_most: float = 600) -> T:
        """Look every few seconds; what the sandbox does in seconds may take minutes here."""
        waited = 0.0
        while not (seen := look()):
            if waited >= max(at_most, 900):
                raise NotInTimeError(f"nothing to see after {waited:g} s")
            self._sleep(POLL)
            waited += POLL
        return seen

    @property
    def image(self) -> str:
        """The latest minimal Amazon Linux 2023, as Systems Manager names it."""
        if not self._image:
            found = self._plain("ssm").get_parameter(Name=LATEST_LINUX)
            self._image = str(found["Parameter"]["Value"])
        return self._image

    def close(self) -> None:
        """Take away everything that was made; raises with a list of what would not go."""
        self.ledger.clear(self.until)


def region_of(option: str | None) -> str:
    """The region that was named; no default and no environment variable stands in for it."""
    if not option:
        raise ValueError("-m aws_account makes things in a real account: name --account-region")
    return option


ENVIRONMENT = dict(os.environ)
"""As it was when the suite started."""
