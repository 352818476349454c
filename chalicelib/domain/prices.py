"""What snapshot storage costs: the operator's own table, since list prices differ and change."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from re import fullmatch

GIB = 1 << 30
_KEYS = ("snapshot", "currency", "source")
_EXAMPLE = '[prices.eu-west-1]\nsnapshot = 0.05\ncurrency = "USD"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of one GiB of standard-tier snapshot storage for a month, in one region."""

    region: str
    snapshot: Decimal
    currency: str = "USD"
    source: str = "SNAPBACK_PLANS"
    """Where the operator has it from, for whoever reads the figure."""

    def monthly(self, size: int) -> str:
        """What *size* bytes cost a month, to the cent: ``5.40 USD``."""
        return f"{self.snapshot * size / GIB:.2f} {self.currency}"

    def __str__(self) -> str:
        """The price with everything it depends on."""
        return f"{self.snapshot} {self.currency} per GiB and month in {self.region} ({self.source})"


def how_to_price(region: str) -> str:
    """What an operator does who wants amounts of money for *region*."""
    return (
        f"no price is known for {region}: add [prices.{region}] with snapshot = (what a GiB costs "
        'a month), currency = "USD" and source = "..." to SNAPBACK_PLANS'
    )


def read_prices(tables: Mapping[str, object]) -> tuple[dict[str, Price], list[str]]:
    """The ``[prices.REGION]`` tables of the plan document, and what is wrong with them."""
    found: dict[str, Price] = {}
    problems: list[str] = []
    for region, table in tables.items():
        where = f"prices.{region}"
        if not isinstance(table, dict):
            problems.append(f"{where} must be a table like {_EXAMPLE!r}")
            continue
        wrong = list(_wrong(where, region, table))
        problems += wrong
        if not wrong:
            texts = {key: table[key] for key in _KEYS[1:] if key in table}
            amount = Decimal(str(table["snapshot"]))
            found[region] = Price(region=region, snapshot=amount, **texts)
    return found, problems


def _wrong(where: str, region: str, table: Mapping[str, object]) -> list[str]:
    problems = [f"{where}.{key} is no key" for key in sorted(set(table) - set(_KEYS))]
    if not fullmatch(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", region):
        problems.append(f"{where}: {region!r} is no region; write it like eu-west-1")
    amount = table.get("snapshot")
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount < 1000:
        problems.append(f"{where}.snapshot must be a price per GiB and month, not {amount!r}")
    problems += [
        f"{where}.{key} must be a short text, not {table[key]!r}"
        for key in _KEYS[1:]
        if key in table and not _is_short_text(table[key])
    ]
    return problems


def _is_short_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and 1 <= len(value) <= 80
