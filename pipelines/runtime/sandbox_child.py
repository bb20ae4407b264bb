"""The child process of `sandbox`: `python -m pipelines.runtime.sandbox_child FD`."""

from __future__ import annotations

import math
import signal
import sys
from multiprocessing.connection import Connection

from schemas import FolioError

GRACE_S = 15  # added to the time limit, so that the parent acts first


def serve(pipe: Connection) -> None:
    """Builds the handler with the factory that the parent sends, then answers tasks until the pipe closes.

    Args:
        pipe: connection to the parent, a `Sandbox`.
    """
    factory, timeout_s = pipe.recv()
    try:
        handler = factory()
    except FolioError as error:
        pipe.send(("broken", error))
        return
    pipe.send(("ready", None))
    while True:
        task = pipe.recv()
        # The parent enforces the time limit. If the parent is dead, the kernel's alarm ends a child that hangs. A
        # Python thread or signal handler could not: it does not run while native code never returns.
        signal.alarm(math.ceil(timeout_s) + GRACE_S)
        try:
            answer = ("result", handler(task))
        except Exception as error:  # noqa: BLE001 - an error of one page must not affect other pages
            answer = ("error", f"{type(error).__name__}: {error}")
        signal.alarm(0)
        pipe.send(answer)


def main() -> None:
    """Serves on the file descriptor that the command line names."""
    try:
        serve(Connection(int(sys.argv[1])))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent has closed the pipe, or has died


if __name__ == "__main__":
    main()
