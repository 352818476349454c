"""Who an id belongs to, and what the accounts of one region see of each other."""

import re
from collections.abc import Iterator

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend, ec2_backends

from sandbox.accounts import ACCOUNT_ID

AMAZON = "137112412989"
"""The account of Amazon's own Linux images; requests name it ``amazon``."""

_ID = re.compile(r"(?P<prefix>[a-z-]+)-(?:[0-9a-f]{8}|[0-9a-f]{17})")


ALIASES = frozenset({"self", "all", "amazon", "aws-marketplace", "aws-backup-vault"})


def require_user(user: str) -> None:
    """Refuse what is neither an account's id nor one of the aliases.

    Source: EC2 API error codes, InvalidUserID.Malformed; that an alias is one [NV].
    """
    if user not in ALIASES and not ACCOUNT_ID.fullmatch(user):
        raise EC2ClientError("InvalidUserID.Malformed", f'Invalid user id: "{user}"')


def in_region(region: str, account: str) -> EC2Backend:
    """The EC2 of one account in one region; an unknown region is ``InvalidRegion``.

    Source: EC2 API error codes, InvalidRegion.
    """
    try:
        return ec2_backends[account][region]
    except KeyError:
        raise EC2ClientError("InvalidRegion", f"The region '{region}' does not exist.") from None


def neighbours(backend: EC2Backend) -> Iterator[EC2Backend]:
    """The same region in every other account that has been used so far."""
    for account, regions in list(ec2_backends.items()):
        if account != backend.account_id:
            neighbour = dict.get(regions, backend.region_name)
            if neighbour is not None:
                yield neighbour


def is_well_formed(resource_id: str, prefix: str) -> bool:
    """Whether an id has its prefix and the short or the long hexadecimal form."""
    form = _ID.fullmatch(resource_id)
    return form is not None and form["prefix"] == prefix
