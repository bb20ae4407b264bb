"""Watches the worker processes that Beam's own runner starts (`--direct_running_mode multi_processing`)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from schemas import FolioError

DIED = "Worker subprocess exited"  # start of Beam's message, raised in the thread that waits for the process


@contextmanager
def stopped_by_dead_workers() -> Iterator[None]:
    """Ends the block when a worker dies. Without it, the runner would wait for that worker forever.

    Raises:
        FolioError: a worker died.
    """
    lost: list[str] = []
    previous_hook = threading.excepthook

    def on_thread_error(args: threading.ExceptHookArgs) -> None:
        if DIED in str(args.exc_value) and not lost:
            lost.append(str(args.exc_value))
            for process in psutil.Process().children(recursive=True):  # the runner would also wait for these
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        elif not lost:  # after a death, further errors are only its consequences
            previous_hook(args)

    threading.excepthook = on_thread_error
    try:
        yield
    except KeyboardInterrupt:
        if lost:
            raise FolioError(
                f"a Beam worker died ({lost[0]}). Finished shards are kept; run the same command again to continue."
            ) from None
        raise
    finally:
        if not lost:
            threading.excepthook = previous_hook
