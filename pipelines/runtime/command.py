"""What the long-running commands share: their log, and the exit code and last words of each way to end."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from pipelines.runtime.storage_errors import storage_errors
from schemas import FolioError
from schemas.support.interrupts import kept_interrupts

DONE, FAILED = 0, 1
STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143}  # what shells report for them


def run_command(work: Callable[[], object]) -> int:
    """Runs `work` with the project's log on stderr and returns the exit code.

    Args:
        work: keeps what it has finished, so that the same command can go on.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr, force=True)
    logging.getLogger("pipelines").setLevel(logging.INFO)
    received = [signal.SIGINT]

    def stop(number: int, _: FrameType | None) -> None:
        received.append(signal.Signals(number))
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)  # its default would leave scratch files and page processes behind
    try:
        with kept_interrupts():
            work()
    except FolioError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except storage_errors() as error:
        sys.stderr.write(f"error: {error}. Finished shards are kept; run the same command again to go on.\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run the same command again to go on\n")
        return STOPPED[received[-1]]
    return DONE


def leave(exit_code: int) -> NoReturn:
    """Ends the process at once with what `run_command` returned.

    Python's own way out now and then aborts in the threads of pyarrow ("terminate called without an active
    exception", once in some fifty runs on a busy machine), and a command that is done would report that it failed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
