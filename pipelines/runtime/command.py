"""Life cycle shared by the long-running commands: log, exit codes and the last message of each way to end."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from pipelines.runtime.storage_errors import storage_errors
from schemas import FolioError
from schemas.support.interrupts import kept_interrupts, sigterm_interrupts

DONE, FAILED = 0, 1


def run_command(work: Callable[[], object]) -> int:
    """Runs `work` with the project's log on stderr and returns the exit code.

    Args:
        work: the command. It must keep finished work, so that the same command can continue after an interruption.

    Returns:
        0 if `work` returned, the exit code of a `FolioError`, 1 if files could not be read or written, 130 after
        Ctrl-C, 143 after SIGTERM.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr, force=True)
    logging.getLogger("pipelines").setLevel(logging.INFO)
    with sigterm_interrupts() as exit_code:
        try:
            with kept_interrupts():
                work()
        except FolioError as error:
            sys.stderr.write(f"error: {error}\n")
            return error.exit_code
        except storage_errors() as error:
            sys.stderr.write(f"error: {error}. Finished shards are kept; run the same command again to continue.\n")
            return FAILED
        except KeyboardInterrupt:
            sys.stderr.write("stopped; run the same command again to continue\n")
            return exit_code()
    return DONE


def leave(exit_code: int) -> NoReturn:
    """Ends the process immediately with the exit code that `run_command` returned.

    Python's normal exit sometimes aborts in the threads of pyarrow ("terminate called without an active exception",
    about once in fifty runs on a busy machine). A finished command would then report a failure.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
