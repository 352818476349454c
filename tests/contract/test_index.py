"""The contract itself: every rule has a source, and the list of rules is true."""

from tests.contract.index import PAGE, page
from tests.contract.rules import SOURCES, all_rules


def test_every_rule_says_where_it_is_written() -> None:
    """Or that nobody has verified it."""
    assert [rule.test for rule in all_rules() if not SOURCES.search(rule.source)] == []


def test_the_list_of_rules_is_up_to_date() -> None:
    """Else: `python -m tests.contract.index`."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_no_rule_has_two_tests() -> None:
    """One test per rule."""
    names = [rule.test for rule in all_rules()]

    assert sorted(names) == sorted(set(names))
