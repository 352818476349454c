"""What deleting snapshots frees: against a model that writes down who holds what."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.blocks import BLOCK_BYTES, Difference, Run, freed_bytes, runs

CHAIN = ("a", "b", "c", "d")

contents = st.dictionaries(st.integers(0, 7), st.integers(0, 3), max_size=8)
"""One snapshot: by block, which version of it."""


def difference(before: dict[int, object], now: dict[int, object]) -> Difference:
    """What ListChangedBlocks says of two snapshots."""
    written = {block for block, version in now.items() if before.get(block) != version}
    return Difference(frozenset(written), frozenset(before.keys() - now.keys()))


def versions(history: Sequence[dict[int, int]]) -> list[dict[int, object]]:
    """The same, with a block that changes back told apart from what it was before."""
    held: list[dict[int, object]] = []
    before: dict[int, int] = {}
    stamps: dict[int, int] = {}
    for at, now in enumerate(history):
        stamps = {
            block: stamps[block] if before.get(block) == text else at for block, text in now.items()
        }
        held.append({block: (text, stamps[block]) for block, text in now.items()})
        before = now
    return held


def measure(held: list[dict[int, object]], going: set[str], chain: Sequence[str]) -> int:
    """What the product does, from differences between neighbours alone."""
    by_name = dict(zip(chain, held, strict=True))
    total = 0
    for run in runs(chain, going):
        names = (run.before, *run.going)
        into = [
            difference(by_name[one] if one else {}, by_name[other])
            for one, other in zip(names, run.going, strict=False)
        ]
        last = by_name[run.going[-1]]
        after = difference(last, by_name[run.after]) if run.after else None
        total += freed_bytes(into, after)
    return total


@given(st.lists(contents, min_size=4, max_size=4), st.sets(st.sampled_from(CHAIN)))
def test_what_is_freed_is_what_nobody_who_stays_holds(
    history: list[dict[int, int]], going: set[str]
) -> None:
    """The sum over runs of differences is the same as looking at all contents at once."""
    held = versions(history)
    named = dict(zip(CHAIN, held, strict=True))
    stored = {item for each in held for item in each.items()}
    staying = {item for name, each in named.items() if name not in going for item in each.items()}

    assert measure(held, going, CHAIN) == len(stored - staying) * BLOCK_BYTES


def test_deleting_everything_frees_everything_once() -> None:
    """A block that four snapshots share is stored, and freed, once."""
    held = versions([{0: 1, 1: 1}, {0: 1, 1: 2}, {0: 1, 1: 2}, {0: 1}])

    assert measure(held, set(CHAIN), CHAIN) == 3 * BLOCK_BYTES


def test_a_run_knows_its_neighbours_that_stay() -> None:
    """What stays before and behind decides what is freed."""
    assert runs(CHAIN, {"b", "c"}) == (Run(("b", "c"), "a", "d"),)
    assert runs(CHAIN, {"a", "d"}) == (Run(("a",), None, "b"), Run(("d",), "c", None))
    assert runs(CHAIN, set()) == ()
