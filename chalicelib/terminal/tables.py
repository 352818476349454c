"""Plain text for people: aligned columns, wrapped last column, no colour."""

import textwrap
from collections.abc import Sequence

_WIDTH = 118


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of an aligned table; the last column wraps, so that reasons stay readable."""
    if not rows:
        return []
    cells = [[_flat(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headings) - 1)]
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
