"""Plain text for people: aligned columns, wrapped last column, no colour."""

import textwrap
from collections.abc import Sequence

_WIDTH = 118


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of an aligned table; the last column wraps, so that reasons stay readable."""
    if not rows:
        return []
    return tables([[headings, *rows]])[0]


def tables(groups: Sequence[Sequence[Sequence[str]]]) -> list[list[str]]:
    """The lines of each group of rows, aligned alike in all of them."""
    flat = [[[_flat(cell) for cell in row] for row in group] for group in groups]
    rows = [row for group in flat for row in group]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    return [_aligned(group, widths) for group in flat]


def spell_gib(size: int) -> str:
    """The size of a point's volumes; nobody said how large those of an old one are."""
    return f"{size} GiB" if size else "?"


def _aligned(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    indent = sum(widths) + 2 * len(widths)
    room = max(_WIDTH - indent, 40)
    lines: list[str] = []
    for row in cells:
        head = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        wrapped = textwrap.wrap(row[-1], room, break_on_hyphens=False) or [""]
        lines.append(f"{head}  {wrapped[0]}".rstrip() if head else wrapped[0])
        lines += [" " * indent + more for more in wrapped[1:]]
    return lines


def paragraph(text: str, indent: str = "") -> list[str]:
    """Wrapped lines of running text; a list item's further lines are indented."""
    return textwrap.wrap(
        _flat(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _flat(text: str) -> str:
    """One line without control characters: a tag's value must not move the cursor."""
    return "".join(c if c.isprintable() else " " for c in text)
