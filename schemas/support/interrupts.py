"""Ctrl-C that is never lost."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

AGAIN_AFTER_S = 0.05


@contextmanager
def kept_interrupts() -> Iterator[None]:
    """Raises `KeyboardInterrupt` anew in the main thread where Python has dropped one.

    A signal's handler may run inside a `__del__` or the callback of a weak reference. What it raises there Python
    prints ("Exception ignored in ...") and forgets, and the program would go on as if nobody had told it to stop.
    """
    alarm = signal.setitimer(signal.ITIMER_REAL, 0)  # pytest-timeout, for example, has set one
    tell, on_alarm = sys.unraisablehook, signal.signal(signal.SIGALRM, signal.default_int_handler)

    def raise_later(dropped: sys.UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, AGAIN_AFTER_S)  # here, it would be dropped once more
        else:
            tell(dropped)

    sys.unraisablehook = raise_later
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = tell
        signal.signal(signal.SIGALRM, on_alarm)
        signal.setitimer(signal.ITIMER_REAL, *alarm)
