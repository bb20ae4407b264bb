"""Durations are formatted for people."""

from __future__ import annotations

import pytest

from schemas.support.duration import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0.4, "0s"), (45, "45s"), (59.6, "1m00s"), (750, "12m30s")),
        *((3599.6, "1h00m"), (11_100, "3h05m"), (359_940, "99h59m"), (360_000, "4d04h"), (1_047_600, "12d03h")),
    ],
)
def test_a_duration_is_shown_in_seconds_minutes_hours_or_days(seconds, text):
    assert duration(seconds) == text
