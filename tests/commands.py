"""Runs the product's commands: as a user does, in another process, or, the build, in this one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run_module(module: str, *args: object, timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
    """Runs `python -m module args` in the repository and returns exit code, stdout and stderr."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, args)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def start(module: str, *args: object) -> subprocess.Popen[str]:
    """Starts `python -m module args` and returns the running process, with its stderr to read."""
    command = [sys.executable, "-m", module, *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)


def build(*args: object) -> subprocess.CompletedProcess[str]:
    """Does what `python -m pipelines.build_corpus args` does in this process, where Beam need not be imported anew."""
    from pipelines.build_corpus import main

    out, err = io.StringIO(), io.StringIO()
    words = [str(arg) for arg in args]
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
