"""Plain text for people: aligned, wrapped, and safe to print."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.terminal.tables import paragraph, table


def test_columns_are_aligned_and_the_last_one_wraps() -> None:
    """Reasons stay readable, indented under their own column."""
    lines = table(("ID", "WHY"), [("i-1", "short"), ("i-12345", "word " * 40)])

    assert lines[0] == "ID       WHY"
    assert lines[1] == "i-1      short"
    assert lines[2].startswith("i-12345  word word")
    assert lines[3].startswith("         word")
    assert all(len(line) <= 118 for line in lines)


def test_no_rows_are_no_table() -> None:
    """The caller says in words that there is nothing."""
    assert table(("ID", "WHY"), []) == []


def test_an_empty_last_cell_and_a_single_column() -> None:
    """Neither leaves spaces behind."""
    assert table(("A", "B"), [("x", "")]) == ["A  B", "x"]
    assert table(("A",), [("x",), ("",)]) == ["A", "x", ""]


def test_a_long_first_column_leaves_room_for_the_reason() -> None:
    """Forty characters at least, even past the usual width."""
    lines = table(("NAME", "WHY"), [("n" * 110, "a reason of some words " * 3)])

    assert len(lines) == 3
    assert all(line.endswith(line.rstrip()) for line in lines)


@pytest.mark.parametrize("text", ["red \x1b[31m", "two\nlines", "bell\a", "tab\tbed", "\u202eabc"])
def test_a_value_can_not_move_the_cursor(text: str) -> None:
    """Tags are written by strangers."""
    shown = "\n".join([*table(("A", "B"), [(text, text)])[1:], *paragraph(text)])

    assert shown.replace("\n", "").isprintable()


def test_a_paragraphs_further_lines_are_indented() -> None:
    """As a list item's are."""
    lines = paragraph("word " * 60, "  ! ")

    assert lines[0].startswith("  ! word")
    assert all(line.startswith("    word") for line in lines[1:])


@given(
    rows=st.lists(st.tuples(st.text(max_size=30), st.text(max_size=200)), min_size=1, max_size=5)
)
@settings(max_examples=100, deadline=None)
def test_whatever_the_cells_hold_every_line_is_printable(rows: list[tuple[str, str]]) -> None:
    """A law: no control character reaches the terminal, and the words are all there."""
    lines = table(("A", "B"), rows)

    assert len(lines) > len(rows)
    assert all(line.isprintable() for line in lines)
