"""What a plan frees: bounds, what other images keep, a measurement, and what stays unknown."""

# A test's name is its sentence.
# ruff: noqa: D103

from decimal import Decimal

import pytest

from chalicelib.domain.blocks import BLOCK_BYTES
from chalicelib.domain.prices import GIB, Price
from chalicelib.jobs import expire as expire_job
from chalicelib.jobs.costing import COPIES, Costing, cost_of
from tests.fakes.cloud import HOME, Cloud
from tests.fakes.place import FakeSnapshot
from tests.jobs.scenes import BRIEF, TERMS, hours, images_of

PRICE = Price(region=HOME, snapshot=Decimal("0.05"), source="a test")


class Written:
    """A machine with four points, and a write on both disks before each; two points go."""

    def __init__(self) -> None:
        """Block 0 changes every hour, one block is new every hour, block 99 never changes."""
        self.cloud = Cloud()
        web = self.cloud.add_machine(BRIEF)
        volumes = [disk.volume_id for disk in web.configuration.disks]
        for hour in range(4):
            for volume in volumes:
                blocks = self.cloud.home.disks.setdefault(volume, {99: "always"})
                blocks |= {0: f"hour {hour}", hour + 1: f"hour {hour}"}
            hours(self.cloud, 1)

    def snapshots(self, point: int) -> list[FakeSnapshot]:
        """Those of one of the points, oldest first."""
        place = self.cloud.home
        return [place.snapshots[s.snapshot_id] for s in images_of(self.cloud)[point].snapshots]

    def cost(self, *, measure: bool = True, price: Price | None = None) -> Costing:
        """Of the plan as it stands."""
        [plan] = expire_job.preview(self.cloud.sites, TERMS, self.cloud.now).plans
        return cost_of(self.cloud.region(), plan, price, measure=measure, now=self.cloud.now)


@pytest.fixture
def written() -> Written:
    return Written()


def test_bounds_are_those_of_the_points_that_go(written: Written) -> None:
    cost = written.cost(measure=False, price=PRICE)

    blocks = 2 * (3 + 4)
    assert cost.as_json() == {
        "snapshots": 4,
        "upper_bound_bytes": 2 * 108 * GIB,
        "full_size_bytes": blocks * BLOCK_BYTES,
        "measured_bytes": None,
        "measured_at": None,
        "price": "0.05 USD per GiB and month in eu-west-1 (a test)",
        "upper_bound_monthly": "10.80 USD",
        "measured_monthly": None,
        "sentence": cost.estimate.sentence(),
        "shared_snapshots": 0,
        "unknown": [],
        "price_hint": "",
    }
    assert not [c for c in written.cloud.wire.history if c.name.startswith("blocks.")]


def test_only_what_no_other_snapshot_holds_is_measured(written: Written) -> None:
    cost = written.cost()

    assert cost.estimate.measured is not None
    assert cost.estimate.measured.size == 2 * 2 * BLOCK_BYTES  # block 0 of two hours, two disks
    assert cost.estimate.measured.at == written.cloud.now


def test_without_a_price_it_says_how_to_give_one(written: Written) -> None:
    told = written.cost().as_json()

    assert told["measured_monthly"] is None
    assert "[prices.eu-west-1]" in str(told["price_hint"])


def test_a_snapshot_that_another_image_uses_is_not_freed_and_keeps_its_blocks(
    written: Written,
) -> None:
    golden = written.snapshots(0)[0]
    [used] = [s for s in images_of(written.cloud)[0].snapshots
              if s.snapshot_id == golden.snapshot_id]  # fmt: skip
    written.cloud.add_image("golden", {}, snapshots=(used,))

    cost = written.cost()

    assert (cost.estimate.snapshots, cost.shared) == (3, 1)
    assert cost.estimate.measured is not None
    assert cost.estimate.measured.size == 3 * BLOCK_BYTES


def test_nothing_that_goes_costs_nothing(written: Written) -> None:
    for image in images_of(written.cloud)[:2]:
        written.cloud.home.drop(image.image_id)

    cost = written.cost()

    assert (cost.estimate.snapshots, cost.unknown) == (0, ())
    assert cost.estimate.measured is not None
    assert cost.estimate.measured.size == 0


@pytest.mark.parametrize(
    ("call", "bounds"),
    [
        ("snapshots.chains", True),
        ("blocks.held", True),
        ("blocks.changed", True),
        ("snapshots.sizes", False),
    ],
)
def test_what_is_denied_is_unknown_and_the_plan_stands(
    written: Written, call: str, *, bounds: bool
) -> None:
    written.cloud.wire.fail(call, "UnauthorizedOperation")

    cost = written.cost()

    assert cost.estimate.measured is None
    assert (cost.estimate.upper_bytes is not None) is bounds
    assert "UnauthorizedOperation" in cost.unknown[0]
    assert cost.unknown[-1] == "so what they alone hold is not measured"


def test_nothing_is_measured_when_nobody_can_tell_what_other_images_use(written: Written) -> None:
    [plan] = expire_job.preview(written.cloud.sites, TERMS, written.cloud.now).plans
    written.cloud.wire.fail("images.images_using", "RequestLimitExceeded")

    region, now = written.cloud.region(), written.cloud.now
    cost = cost_of(region, plan, None, measure=True, now=now)

    assert cost.estimate.upper_bytes == 2 * 108 * GIB
    assert "RequestLimitExceeded" in cost.unknown[0]
    assert cost.estimate.measured is None


def test_a_copy_or_an_archived_snapshot_has_no_chain_to_measure(written: Written) -> None:
    copied = written.snapshots(0)[0]
    copied.volume_id = COPIES

    one = written.cost().unknown
    for snapshot in (*written.snapshots(0), *written.snapshots(1)):
        snapshot.volume_id = COPIES
    many = written.cost().unknown

    assert one[0].startswith(f"{copied.snapshot_id}: gone, unfinished, archived or a copy")
    assert "and others: gone" in many[0]
