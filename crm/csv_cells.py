"""Cells of a CSV file that a spreadsheet must not run as formulas."""

from __future__ import annotations

FULL_WIDTH = ("\uff1d", "\uff0b", "\uff0d", "\uff20")  # = + - @ as East Asian keyboards write them
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", *FULL_WIDTH)


def safe(text: str) -> str:
    """Text that a spreadsheet shows and does not compute: a risky start gets an apostrophe in front."""
    return f"'{text}" if text.lstrip("'").startswith(RISKY) else text


def original(cell: str) -> str:
    """What `safe` was given."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(RISKY) else cell
