"""The child's side of `sandbox`: `python -m pipelines.runtime.sandbox_child FD`."""

from __future__ import annotations

import math
import signal
import sys
from multiprocessing.connection import Connection

from schemas import FolioError

GRACE_S = 15


def serve(pipe: Connection) -> None:
    """Builds the handler that the parent sends, then answers task after task until the pipe closes."""
    factory, timeout_s = pipe.recv()
    try:
        handler = factory()
    except FolioError as error:
        pipe.send(("broken", error))
        return
    pipe.send(("ready", None))
    while True:
        task = pipe.recv()
        # The parent keeps the time. Should it be gone, the kernel ends a hung child: native code that never returns
        # would not let a Python thread or handler run.
        signal.alarm(math.ceil(timeout_s) + GRACE_S)
        try:
            answer = ("result", handler(task))
        except Exception as error:  # noqa: BLE001 - this is the wall between one page and all the others
            answer = ("error", f"{type(error).__name__}: {error}")
        signal.alarm(0)
        pipe.send(answer)


def main() -> None:
    """Serves on the file descriptor named on the command line."""
    try:
        serve(Connection(int(sys.argv[1])))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent is done, or gone


if __name__ == "__main__":
    main()
