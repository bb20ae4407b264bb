"""Only one command at a time writes to an output directory."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

import psutil

from pipelines import merge, retokenize
from pipelines.corpus.claim import sole_command
from tests.chaos.corpora import document
from tests.support.commands import run_module, start

BUILD = "tests.chaos.build"


def hung_process_of(launcher):
    """Waits until a page process of a build hangs, which blocks all signals, and returns the process."""
    while launcher.poll() is None:
        for child in psutil.Process(launcher.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):  # it has ended in the meantime
                blocked = re.search(r"SigBlk:\s*(\w+)", Path(f"/proc/{child.pid}/status").read_text())
                if "pipelines.runtime.sandbox_child" in child.cmdline() and int(blocked[1], 16):
                    return child
        time.sleep(0.05)
    raise AssertionError(launcher.stderr.read())


def test_a_second_build_into_one_output_is_refused_unless_the_first_was_killed(tmp_path):
    (tmp_path / "long.pdf").write_bytes(document(4, "One that hangs", {2: "hang"}))
    out = tmp_path / "out"
    flags = ["--input", tmp_path / "long.pdf", "--output", out, "--dpi", 20, "--image_long_side", 64, "--workers", 1]
    first = start(BUILD, *flags, "--page_timeout_s", 3600)  # the page must still hang when this test looks at it
    hung = hung_process_of(first)
    second = run_module(BUILD, *flags)
    assert second.returncode == 2
    assert second.stderr == (
        f"error: --output {out}: another command is writing there. Wait until it ends, or choose another directory.\n"
    )
    first.kill()
    first.wait()
    try:
        again = run_module(BUILD, *flags, "--page_timeout_s", 20)
        assert again.returncode == 0, again.stderr
        assert hung.is_running(), "the page process of the killed build must still run, but not hold the lock"
    finally:
        hung.kill()


def test_no_command_writes_to_a_corpus_while_another_one_does(sound, tmp_path, capsys):
    other, out = shutil.copytree(sound, tmp_path / "other"), str(tmp_path / "out")
    with sole_command(out):
        assert merge.main([str(sound), str(other), "--output", out]) == 2
        assert retokenize.main([str(sound), "--tokenizer", "t5", "--output", out]) == 2
    assert capsys.readouterr().err.count("another command is writing there") == 2
