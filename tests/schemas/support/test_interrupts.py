"""`kept_interrupts` restores the alarm that was set before."""

from __future__ import annotations

import signal

import pytest

from schemas.support.interrupts import kept_interrupts


@pytest.fixture
def own_alarm():
    before = signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, 5000)
    yield
    signal.setitimer(signal.ITIMER_REAL, *before)


def test_an_existing_alarm_is_restored_afterwards(own_alarm):
    with kept_interrupts():
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 5000
