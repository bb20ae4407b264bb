"""Formats numbers and counts for log lines and reports."""

from __future__ import annotations

from collections.abc import Mapping

from schemas import PageStatus

_BYTE_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def format_count(value: float) -> str:
    """Returns `1,234`; from a million on, three significant digits: `1.23 M`."""
    for size, unit in ((1e9, "G"), (1e6, "M")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:,.0f}"


def counted(count: int, noun: str) -> str:
    """Returns `1 page` or `1,062 pages`. The plural is formed with an `s`."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_statuses(counts: Mapping[str, int]) -> str:
    """Returns `2 blank, 60 ok` for numbers of pages or documents by status."""
    return ", ".join(f"{count} {PageStatus(name).value}" for name, count in sorted(counts.items()))


def format_bytes(value: float) -> str:
    """Returns a size in bytes as text, in the largest decimal unit in which it is at least 1: `1.2 GB`."""
    power = 0
    while value >= 1000 and power < len(_BYTE_UNITS) - 1:
        value, power = value / 1000, power + 1
    return f"{value:.3g} {_BYTE_UNITS[power]}"


def format_percent(share: float) -> str:
    """Returns a share (0 to 1) in percent. Only exactly 0 and 1 become 0 % and 100 %."""
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return ">99.9 %"
    return f"{100 * share:.3g} %"
