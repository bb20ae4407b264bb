"""Formats durations for people, in the same way in the log lines of builds and of training runs."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Returns a duration as `45s`, `12m30s` or `3h05m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
