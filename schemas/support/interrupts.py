"""Ctrl-C and SIGTERM: neither is lost, and both end a command in the same way."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN_AFTER_S = 0.05
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}  # those that shells use for these signals


@contextmanager
def kept_interrupts() -> Iterator[None]:
    """Raises `KeyboardInterrupt` again in the main thread if Python has dropped one.

    A signal handler may run inside a `__del__` or inside the callback of a weak reference. Python only prints an
    exception that is raised there ("Exception ignored in ..."). Without this, the program would continue as if the user
    had not pressed Ctrl-C.
    """
    alarm = signal.setitimer(signal.ITIMER_REAL, 0)  # there may be one, for example that of pytest-timeout
    old_hook, on_alarm = sys.unraisablehook, signal.signal(signal.SIGALRM, signal.default_int_handler)

    def raise_later(dropped: sys.UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            # Not at once: Python would also drop an exception that is raised in this hook.
            signal.setitimer(signal.ITIMER_REAL, AGAIN_AFTER_S)
        else:
            old_hook(dropped)

    sys.unraisablehook = raise_later
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = old_hook
        signal.signal(signal.SIGALRM, on_alarm)
        signal.setitimer(signal.ITIMER_REAL, *alarm)


@contextmanager
def sigterm_interrupts() -> Iterator[Callable[[], int]]:
    """Raises `KeyboardInterrupt` for SIGTERM too, in the block.

    The default action of SIGTERM would leave scratch files and child processes behind.

    Yields:
        A function that returns the exit code for the last signal: 130 for Ctrl-C, 143 for SIGTERM.
    """
    received = [signal.SIGINT]

    def stop(number: int, _: FrameType | None) -> None:
        received.append(signal.Signals(number))
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield lambda: EXIT_CODES[received[-1]]
    finally:
        signal.signal(signal.SIGTERM, before)
