"""EC2's token buckets: how many calls an account may make before it is throttled.

Source: EC2 Developer Guide, "Request throttling for the Amazon EC2 API"; buckets are
per account, region and action.
"""

from collections.abc import Mapping
from datetime import datetime

from sandbox.bucket_sizes import (
    DEARER_UNFILTERED,
    DESCRIBE,
    MUTATING,
    READS,
    REQUESTS,
    RESOURCES,
    UNFILTERED,
    Rate,
)
from sandbox.calls import Call
from sandbox.masking import Json


class Bucket:
    """Tokens that come back as time passes."""

    def __init__(self, rate: Rate, now: datetime) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._at = now

    def holds(self, wanted: float, now: datetime) -> bool:
        """Whether *wanted* tokens are there now."""
        passed = max(0.0, (now - self._at).total_seconds())
        self._tokens = min(self._rate.burst, self._tokens + passed * self._rate.refill)
        self._at = now
        return self._tokens >= wanted

    def take(self, wanted: float) -> None:
        """Use them up."""
        self._tokens -= wanted


class Buckets:
    """A bucket for every account, region and action that has been used."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, ...], Bucket] = {}

    def admit(self, call: Call, now: datetime) -> bool:
        """Take the tokens *call* costs, or refuse it and take none."""
        if call.service != "ec2":
            return True
        wanted = [(self._bucket("request", call, rate_of(call), now), 1.0)]
        if call.action in RESOURCES:
            bucket = self._bucket("resource", call, RESOURCES[call.action], now)
            wanted.append((bucket, float(machines(call.parameters))))
        if not all(bucket.holds(tokens, now) for bucket, tokens in wanted):
            return False
        for bucket, tokens in wanted:
            bucket.take(tokens)
        return True

    def _bucket(self, kind: str, call: Call, rate: Rate, now: datetime) -> Bucket:
        """Unfiltered describes have a bucket apart from the filtered ones of the action."""
        key = (kind, call.account, call.region, call.action, str(rate.burst))
        return self._buckets.setdefault(key, Bucket(rate, now))


def rate_of(call: Call) -> Rate:
    """The request bucket of *call*'s action."""
    if call.action in REQUESTS:
        return REQUESTS[call.action]
    if not call.action.startswith(READS):
        return MUTATING
    narrowed = {"Filters", "MaxResults", "NextToken"} & call.parameters.keys()
    if call.action in DEARER_UNFILTERED and not narrowed:
        return UNFILTERED
    return DESCRIBE


def machines(parameters: Mapping[str, Json]) -> int:
    """How many instances a call is about, for the resource buckets."""
    named = parameters.get("InstanceIds")
    if isinstance(named, list):
        return len(named)
    most = parameters.get("MaxCount")
    return most if isinstance(most, int) and most > 0 else 1
