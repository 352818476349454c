"""What points take up: bounds and measurements that are never mixed up."""

from decimal import Decimal

import pytest

from chalicelib.domain.cost import Measured, SnapshotSize, estimate, spell_size
from chalicelib.domain.prices import GIB, Price
from tests.builders import NOON

PRICE = Price(region="eu-west-1", snapshot=Decimal("0.05"))
SIZES = {
    name: SnapshotSize(
        snapshot_id=name, volume_id="vol-1", started=NOON, volume_bytes=8 * GIB, full_bytes=full
    )
    for name, full in (("snap-1", 3 * GIB), ("snap-2", 2 * GIB), ("snap-3", None))
}


def test_sizes_add_up_and_a_snapshot_counts_once() -> None:
    """Two points may share a snapshot."""
    found = estimate(["snap-1", "snap-2", "snap-1"], SIZES)

    assert (found.snapshots, found.upper_bytes, found.full_bytes) == (2, 16 * GIB, 5 * GIB)


def test_what_is_not_known_is_not_zero() -> None:
    """One snapshot without a full size makes the sum unknown; one that is gone, both."""
    no_full = estimate(["snap-1", "snap-3"], SIZES)
    gone = estimate(["snap-1", "snap-9"], SIZES)

    assert (no_full.upper_bytes, no_full.full_bytes) == (16 * GIB, None)
    assert (gone.upper_bytes, gone.full_bytes) == (None, None)
    assert gone.sentence() == "2 snapshots: of unknown size"


def test_the_figures_bear_names_that_say_what_they_are() -> None:
    """JSON and sentence alike."""
    measured = Measured(2 * GIB, NOON)

    found = estimate(["snap-1"], SIZES, measured=measured, price=PRICE)

    assert found.as_json() == {
        "snapshots": 1,
        "upper_bound_bytes": 8 * GIB,
        "full_size_bytes": 3 * GIB,
        "measured_bytes": 2 * GIB,
        "measured_at": "2026-11-23T12:00:00Z",
        "price": "0.05 USD per GiB and month in eu-west-1 (SNAPBACK_PLANS)",
        "upper_bound_monthly": "0.40 USD",
        "measured_monthly": "0.10 USD",
    }
    assert found.sentence() == (
        "1 snapshot: at most 8 GiB (the size of their volumes); 3 GiB (full size); "
        "measured 2 GiB that only they hold"
    )


def test_without_a_price_or_a_measurement_there_is_no_amount() -> None:
    """An amount that nobody can vouch for is left out."""
    found = estimate(["snap-1"], SIZES).as_json()

    assert [found[key] for key in ("price", "upper_bound_monthly", "measured_monthly")] == [
        None
    ] * 3
    assert estimate(["snap-1"], SIZES, price=PRICE).as_json()["measured_monthly"] is None


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 GiB"),
        (1, "0.1 MiB"),
        (512 << 20, "512 MiB"),
        (GIB, "1 GiB"),
        (3 * GIB // 2, "1.5 GiB"),
    ],
)
def test_a_size_reads_like_one(size: int, said: str) -> None:
    """GiB, and MiB below one; never a false zero."""
    assert spell_size(size) == said
