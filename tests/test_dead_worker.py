"""The behaviour of a test run when one of its workers dies."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from tests.support.commands import LIMIT_S, ROOT

SUITE = {
    "test_deadly.py": """
import os, signal

def test_before():
    pass

def test_that_dies():
    os.kill(os.getpid(), signal.SIGKILL)

def test_after():
    pass
""",
    "test_long.py": """
import time

def test_that_the_other_worker_runs():
    time.sleep(2 * 3600)
""",
    "test_sound.py": """
def test_that_waits_for_a_worker():
    pass
""",
}


def flags_of_make_test() -> list[str]:
    """Returns the flags that `make test` passes to pytest."""
    command = re.search(r"^test:.*\n\tpython -m pytest (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert command
    return shlex.split(command[1])


def test_a_run_whose_worker_dies_ends_at_once_and_names_the_test(tmp_path):
    for name, text in SUITE.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "pytest", *flags_of_make_test(), "-p", "tests.conftest", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED " in done.stdout and "crashed while running 'test_deadly.py::test_that_dies'" in done.stdout
