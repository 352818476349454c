"""The operator's price table: read whole, or refused with every problem named."""

from decimal import Decimal

import pytest

from chalicelib.domain.prices import GIB, Price, how_to_price, read_prices

TABLE = {"snapshot": 0.05, "currency": "USD", "source": "list price of 2026-11-01"}


def test_a_price_says_where_it_holds_and_where_it_is_from() -> None:
    """Nobody can take the figure for something that it is not."""
    prices, problems = read_prices({"eu-west-1": TABLE})

    assert problems == []
    assert prices == {
        "eu-west-1": Price(
            region="eu-west-1", snapshot=Decimal("0.05"), source="list price of 2026-11-01"
        )
    }
    assert str(prices["eu-west-1"]) == (
        "0.05 USD per GiB and month in eu-west-1 (list price of 2026-11-01)"
    )
    assert prices["eu-west-1"].monthly(108 * GIB) == "5.40 USD"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (0.05, "prices.eu-west-1 must be a table"),
        ({}, "prices.eu-west-1.snapshot must be a price per GiB and month, not None"),
        ({"snapshot": "0.05"}, "must be a price per GiB and month, not '0.05'"),
        ({"snapshot": True}, "must be a price per GiB and month, not True"),
        ({"snapshot": -1}, "must be a price per GiB and month, not -1"),
        ({"snapshot": float("nan")}, "must be a price per GiB and month, not nan"),
        ({**TABLE, "archive": 1}, "prices.eu-west-1.archive is no key"),
        ({**TABLE, "currency": ""}, "prices.eu-west-1.currency must be a short text, not ''"),
        ({**TABLE, "source": "a\nb"}, "prices.eu-west-1.source must be a short text"),
    ],
)
def test_a_table_that_is_wrong_is_refused_by_name(table: object, said: str) -> None:
    """The key, the value, and no price."""
    prices, problems = read_prices({"eu-west-1": table})

    assert prices == {}
    assert said in problems[0]


def test_a_price_needs_a_region() -> None:
    """A price for nowhere would never be used: better said at once."""
    prices, problems = read_prices({"everywhere": TABLE})

    assert prices == {}
    assert problems == ["prices.everywhere: 'everywhere' is no region; write it like eu-west-1"]


def test_whoever_has_no_price_hears_where_to_write_it() -> None:
    """The region's own section, and keys that are read."""
    said = how_to_price("eu-west-1")

    assert "add [prices.eu-west-1] with snapshot = (what a GiB costs a month)" in said
    assert read_prices({"eu-west-1": dict.fromkeys(("currency", "source"), "x")})[1] == [
        "prices.eu-west-1.snapshot must be a price per GiB and month, not None"
    ]
