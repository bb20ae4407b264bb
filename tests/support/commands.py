"""Runs the commands of Folio in separate processes, as a user does. Builds can be forked from a process with Beam."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 1200.0  # enough on a busy machine: only a command that hangs takes longer
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["pipelines.build_corpus"])


def run_module(module: str, *args: object) -> subprocess.CompletedProcess[str]:
    """Runs `python -m module args` in the repository and returns the exit code, stdout and stderr."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, args)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def start(module: str, *args: object) -> subprocess.Popen[str]:
    """Starts `python -m module args` in the repository and returns the running process. Its stderr is a pipe."""
    command = [sys.executable, "-m", module, *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)


def build(*args: object) -> subprocess.CompletedProcess[str]:
    """Runs `pipelines.build_corpus` with `args` in a new process, forked from one that has already imported Beam.

    A build that crashes fails only its own test. The memory and the threads of a build do not remain in the process of
    the tests.

    Raises:
        TimeoutError: the build took longer than `LIMIT_S`.
    """
    words = [str(arg) for arg in args]
    with TemporaryDirectory() as logs:
        out, err = Path(logs, "stdout"), Path(logs, "stderr")
        process = _FORKS.Process(target=_build, args=(words, dict(os.environ), out, err))
        process.start()
        try:
            process.join(LIMIT_S)
            if process.exitcode is None:
                raise TimeoutError(f"the build {words} took more than {LIMIT_S} s: {err.read_text()}")
        finally:
            process.kill()
        return subprocess.CompletedProcess(words, process.exitcode, out.read_text(), err.read_text())


def _build(words: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    faulthandler.enable()
    from pipelines.build_corpus import main
    from pipelines.runtime.command import leave

    leave(main(words))
