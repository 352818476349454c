"""Calls that stay inside this process: botocore on one side, the gate on the other."""

from functools import cache
from typing import Any, cast

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.loaders import Loader
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber
from moto.core.request import normalize_request

from sandbox import gate
from sandbox.replies import Reply

SECRET = "sandbox"  # noqa: S105 - nobody checks it
NO_RETRIES = Config(retries={"total_max_attempts": 1})

serve_plainly = botocore_stubber.process_request


@cache
def session(account: str) -> boto3.session.Session:
    """One session an account: parsing EC2's model for every client is slow."""
    made = botocore.session.get_session()
    made.register_component("data_loader", _loader())
    return boto3.session.Session(
        aws_access_key_id=account, aws_secret_access_key=SECRET, botocore_session=made
    )


@cache
def client(service: str, account: str, region: str) -> Any:  # noqa: ANN401 - boto3's classes
    """A client that is *account*, for what the sandbox does by itself; also while it serves."""
    made = session(account).client(service, region_name=region, config=NO_RETRIES)  # type: ignore[call-overload]
    made.meta.events.register("before-send", _stay_here)
    return made


def through_the_gate(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes] | None:
    """Stand in moto's place between botocore and the wire."""

    def work() -> Reply:
        answer = serve_plainly(request)
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


def _stay_here(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
    """Answer here while serving; in process moto's stubber does, and botocore asks both."""
    if botocore_stubber.enabled:
        return None
    answer = through_the_gate(request)
    if answer is None:
        return None
    status, headers, body = answer
    return AWSResponse(request.url, status, headers, MockRawResponse(body))  # type: ignore[arg-type]


@cache
def _loader() -> Loader:
    """One reader of botocore's models for all sessions."""
    return cast("Loader", botocore.session.get_session().get_component("data_loader"))
