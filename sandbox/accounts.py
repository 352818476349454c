"""Who a request is from: any 12-digit access key id is that account."""

import re
from typing import NamedTuple

from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.iam import models as iam

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"

ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ACCESS_KEY = re.compile(
    r"AWS.*(?P<access_key>(?<![A-Z0-9])(?:[A-Z0-9]{20}|[0-9]{12})(?![A-Z0-9]))[:/]"
)
_SCOPE = re.compile(
    r"Credential=(?P<key>[^/,\s]+)/[0-9]{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
)

_account_of_issued_key = iam.get_account_id_from


class Home:
    """The account of callers whose key names none: the served fleet's, if there is one."""

    account = DEFAULT_ACCOUNT

    def reset(self) -> None:
        """Back to the default account."""
        self.account = DEFAULT_ACCOUNT


home = Home()


class Caller(NamedTuple):
    """What a signature says; parts it does not say are empty."""

    access_key: str
    region: str
    service: str

    @property
    def account(self) -> str:
        """The account the request acts in."""
        return account_of(self.access_key)


def account_of(access_key: str) -> str:
    """The 12 digits themselves, the account that issued the key, or the home account."""
    if ACCOUNT_ID.fullmatch(access_key):
        return access_key
    account = _account_of_issued_key(access_key)
    return home.account if account == DEFAULT_ACCOUNT else account


def caller(request: Request) -> Caller:
    """Read the credential scope of a signed or presigned request (SigV4)."""
    presigned = request.args.get("X-Amz-Credential")
    signature = f"Credential={presigned}" if presigned else request.headers.get("Authorization", "")
    scope = _SCOPE.search(signature)
    if scope is None:
        return Caller("", "", "")
    return Caller(scope["key"], scope["region"], scope["service"])


def install() -> None:
    """Teach moto's account look-up about 12-digit keys (idempotent)."""
    BaseResponse.access_key_regex = _ACCESS_KEY
    iam.get_account_id_from = account_of
