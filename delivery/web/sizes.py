"""Sizes as short as a page or a sheet wants them."""

from __future__ import annotations


def short_size(size: int) -> str:
    """``3.4 MB``: decimal units with one digit, the same in every language."""
    value = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if round(value, 1) < 1000:
            return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"
