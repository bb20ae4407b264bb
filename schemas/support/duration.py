"""Formats durations for people, in the same way in the log lines of builds and of training runs."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Returns a duration as `45s`, `12m30s`, `3h05m` or, from 100 hours on, `4d04h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 360_000:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"
