"""Pages of EC2's describe calls: ``MaxResults`` in, ``NextToken`` out.

A page looks at no more than it needs to be full, and later pages go on from there, so a
listing of 100,000 images is linear and its first page is quick. What is gone by the time
its page is asked for is left out; what came after the first page is not in the listing.

Source: EC2 API Reference, "Query requests", pagination; [NV] the words about a bad size or
token (both ``InvalidParameterValue``).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from moto.ec2.exceptions import EC2ClientError

Resource = TypeVar("Resource")

SMALLEST_PAGE = 5
LARGEST_PAGE = 1000
LISTINGS_KEPT = 64


class _Listing:
    """What has been found so far, and what is still to be looked at."""

    def __init__(self, operation: str, everything: Iterable[Any]) -> None:
        self.operation = operation
        self._found: list[Any] = []
        self._rest = iter(everything)

    def between(self, start: int, end: int | None) -> list[Any]:
        """What is found from *start* on, before *end* if that is given."""
        missing = None if end is None else max(0, end - len(self._found))
        self._found.extend(islice(self._rest, missing))
        return self._found[start:end]

    def goes_on(self, end: int) -> bool:
        """Whether there is anything from *end* on."""
        return bool(self.between(end, end + 1))


class Listings:
    """The listings that one account and region has begun to read."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, _Listing] = OrderedDict()
        self._begun = 0

    def page(
        self,
        operation: str,
        size: int | None,
        token: str | None,
        find: Callable[[], Iterable[Resource]],
        *,
        still_there: Callable[[Resource], bool] = lambda _: True,
        sizes: tuple[int, int] = (SMALLEST_PAGE, LARGEST_PAGE),
    ) -> tuple[list[Resource], str | None]:
        """The page that *size* and *token* ask for, and the token of the next.

        *find* says what there is now; it may find it out while it is read. Without *size*
        the answer is whole. *sizes* are the smallest and the largest page: 5 to 1000 is
        documented for DescribeInstances, DescribeSnapshots and DescribeVolumes and assumed
        for the others [NV] that do not say.
        """
        _check_size(size, *sizes)
        if token is None:
            name, start, listing = "", 0, _Listing(operation, find())
        else:
            name, start = _parse(token)
            listing = self._reopen(operation, name, token)
        end = None if size is None else start + size
        found = [each for each in listing.between(start, end) if token is None or still_there(each)]
        if end is None or not listing.goes_on(end):
            return found, None
        return found, f"{name or self._keep(listing)}.{end}"

    def _keep(self, listing: _Listing) -> str:
        self._begun += 1
        name = f"eyJ{self._begun:08x}"
        self._open[name] = listing
        while len(self._open) > LISTINGS_KEPT:
            self._open.popitem(last=False)
        return name

    def _reopen(self, operation: str, name: str, token: str) -> _Listing:
        listing = self._open.get(name)
        if listing is None or listing.operation != operation:
            raise _bad_token(token)
        return listing


def refuse_with_ids(size: int | None, ids: Sequence[str], parameter: str) -> None:
    """Refuse a page size together with ids.

    Source: EC2 API, DescribeVolumes: "You cannot specify this parameter and the volume IDs
    parameter in the same request".
    """
    if size is not None and ids:
        raise EC2ClientError(
            "InvalidParameterCombination",
            f"The parameter {parameter} cannot be used with the parameter maxResults",
        )


def _check_size(size: int | None, smallest: int, largest: int) -> None:
    if size is None:
        return
    bound = None
    if size < smallest:
        bound = f"greater than {smallest}"
    if size > largest:
        bound = f"less than {largest}"
    if bound:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value {bound}.",
        )


def _parse(token: str) -> tuple[str, int]:
    name, _, start = token.rpartition(".")
    if not name or not start.isdecimal():
        raise _bad_token(token)
    return name, int(start)


def _bad_token(token: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", f"Unable to parse pagination token '{token}'")
