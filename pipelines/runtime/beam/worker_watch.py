"""Watches the worker processes that Beam's own runner starts (`--direct_running_mode multi_processing`)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from schemas import FolioError

DIED = "Worker subprocess exited"  # how Beam begins to tell of it, in the thread that minds the process


@contextmanager
def stopped_by_dead_workers() -> Iterator[None]:
    """Ends the block when a worker dies: the runner would wait for its answer for ever.

    Raises:
        FolioError: one died.
    """
    lost: list[str] = []
    told_before = threading.excepthook

    def on_thread_error(args: threading.ExceptHookArgs) -> None:
        if DIED in str(args.exc_value) and not lost:
            lost.append(str(args.exc_value))
            for process in psutil.Process().children(recursive=True):  # the runner would wait for these as well
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        elif not lost:  # what follows from it says nothing new
            told_before(args)

    threading.excepthook = on_thread_error
    try:
        yield
    except KeyboardInterrupt:
        if lost:
            raise FolioError(
                f"a Beam worker died ({lost[0]}). Finished shards are kept; run the same command again to go on."
            ) from None
        raise
    finally:
        if not lost:
            threading.excepthook = told_before
