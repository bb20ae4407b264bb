"""Builds as a user starts them, with the slow engine of the chaos tests instead of OCR.

`python -m tests.clusters.builds` is `pipelines.build_corpus` with that engine. It does not search for Google
credentials, because the search takes half a minute if there are none.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from tests.support.commands import LIMIT_S, ROOT

SMALL = ("--dpi", "72", "--image_long_side", "128", "--pages_per_shard", "12", "--workers", "1")


def start(environment: dict[str, str], inputs: object, output: object, *flags: object) -> subprocess.Popen[str]:
    """Starts a build. The caller must read its stderr."""
    command = [sys.executable, "-m", "tests.clusters.builds", "--input", inputs, "--output", output, *SMALL, *flags]
    return subprocess.Popen([*map(str, command)], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def run(environment: dict[str, str], inputs: object, output: object, *flags: object) -> tuple[int, str]:
    """Runs a build to its end; returns its exit code and log."""
    process = start(environment, inputs, output, *flags)
    _, log = process.communicate(timeout=LIMIT_S)
    assert "Traceback" not in log, log
    return process.returncode, log


def wait_until(happened: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Waits until `happened()` is true; fails if the build ends before."""
    while not happened():
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.02)


def main() -> int:
    """Runs the command with the engine replaced; returns the exit code."""
    from pipelines import build_corpus
    from pipelines.build import jobs
    from tests.chaos.engine import FaultyPageBuilderFactory
    from tests.clusters.google import without_credentials

    without_credentials()
    jobs.PageBuilderFactory = FaultyPageBuilderFactory
    return build_corpus.main()


if __name__ == "__main__":
    from pipelines.runtime.command import leave

    leave(main())
