"""Guessing the networks behind a recording: which address range each subnet must have.

A recording names subnets and the addresses in them, never their ranges. A guess holds
every recorded address where EC2 lets an interface have it, and overlaps no other guess.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from itertools import pairwise

WIDEST = 16
NARROWEST = 28
"""VPC User Guide, "Subnet CIDR blocks": between a /28 netmask and a /16 netmask."""
USUAL = 24
USUAL_IN_DEFAULT_VPC = 20
DEFAULT_VPC = IPv4Network("172.31.0.0/16")
UNSEEN = IPv4Network("10.254.0.0/16")
"""Where subnets go of which no address was recorded."""
RESERVED_AT_START = 4


def ranges(subnets: Mapping[str, Iterable[str]]) -> dict[str, IPv4Network]:
    """A range for each subnet of one VPC, given the addresses recorded in each."""
    found: dict[str, IPv4Network] = {}
    seen = {name: _addresses(each) for name, each in subnets.items()}
    for name, addresses in seen.items():
        if addresses:
            others = [each for other, each in seen.items() if other != name]
            found[name] = _range(addresses, [each for other in others for each in other])
    _separate(found, seen)
    spare = (block for block in UNSEEN.subnets(new_prefix=USUAL))
    for name, addresses in seen.items():
        if not addresses:
            taken = list(found.values())
            found[name] = next(each for each in spare if not any(map(each.overlaps, taken)))
    return found


def blocks(subnets: Iterable[IPv4Network]) -> list[IPv4Network]:
    """The ranges of a VPC that holds *subnets*: /16 blocks, the first its primary one."""
    wide = {
        each.supernet(new_prefix=WIDEST) if each.prefixlen > WIDEST else each: None
        for each in subnets
    }
    return list(wide) or [UNSEEN]


def _addresses(texts: Iterable[str]) -> list[IPv4Address]:
    """Those of *texts* that are addresses; published recordings have some blanked out."""
    found = set()
    for text in texts:
        with suppress(AddressValueError):
            found.add(IPv4Address(text))
    return sorted(found)


def _range(addresses: list[IPv4Address], others: list[IPv4Address]) -> IPv4Network:
    """The widest usual block that holds *addresses* and none of the *others*."""
    usual = USUAL_IN_DEFAULT_VPC if addresses[0] in DEFAULT_VPC else USUAL
    widths = [*range(usual, NARROWEST + 1), *range(usual - 1, WIDEST - 1, -1)]
    fitting = [
        block
        for block in (IPv4Network((addresses[0], width), strict=False) for width in widths)
        if all(_is_usable(each, block) for each in addresses)
    ]
    apart = [block for block in fitting if not any(other in block for other in others)]
    if apart or fitting:
        return (apart or fitting)[0]
    return IPv4Network((addresses[0], WIDEST), strict=False)


def _is_usable(address: IPv4Address, block: IPv4Network) -> bool:
    place = int(address) - int(block.network_address)
    return RESERVED_AT_START <= place < block.num_addresses - 1


def _separate(found: dict[str, IPv4Network], seen: Mapping[str, list[IPv4Address]]) -> None:
    """Narrow ranges that overlap, as far as their addresses allow."""
    names = sorted(found, key=lambda name: found[name])
    for first, second in pairwise(names):
        while found[first].overlaps(found[second]):
            wider = first if found[first].prefixlen <= found[second].prefixlen else second
            narrower = _narrower(found[wider], seen[wider])
            if narrower is None:
                break
            found[wider] = narrower


def _narrower(block: IPv4Network, addresses: list[IPv4Address]) -> IPv4Network | None:
    if block.prefixlen >= NARROWEST:
        return None
    half = IPv4Network((addresses[0], block.prefixlen + 1), strict=False)
    return half if all(_is_usable(each, half) for each in addresses) else None
