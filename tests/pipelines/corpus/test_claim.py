from __future__ import annotations

import shutil
import time
from contextlib import suppress

import psutil

from pipelines import merge, retokenize
from pipelines.corpus.claim import sole_command
from tests.chaos.corpora import document
from tests.support.commands import run_module, start

BUILD = "tests.chaos.build"


def page_process_of(launcher, out):
    """Waits until a build has come so far as to read pages, and returns the process that does."""
    while launcher.poll() is None:
        for child in psutil.Process(launcher.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
                if "pipelines.runtime.sandbox_child" in child.cmdline() and (out / "work" / "units.arrow").exists():
                    return child
        time.sleep(0.05)
    raise AssertionError(launcher.stderr.read())


def test_a_second_build_into_one_place_is_refused_and_a_killed_one_is_in_nobodys_way(tmp_path):
    (tmp_path / "long.pdf").write_bytes(document(4, "One that hangs", {2: "hang"}))
    out = tmp_path / "out"
    flags = ["--input", tmp_path / "long.pdf", "--output", out, "--dpi", 20, "--image_long_side", 64, "--workers", 1]
    first = start(BUILD, *flags)
    hung = page_process_of(first, out)
    second = run_module(BUILD, *flags)
    assert second.returncode == 2
    assert second.stderr == (
        f"error: --output {out}: another command is at work there. Wait for its end, or choose another directory.\n"
    )
    first.kill()
    first.wait()
    try:
        again = run_module(BUILD, *flags, "--page_timeout_s", 20)
        assert again.returncode == 0, again.stderr
        assert hung.is_running(), "what a killed build leaves running holds nothing back"
    finally:
        hung.kill()


def test_all_commands_that_write_a_corpus_keep_out_of_one_that_another_writes(sound, tmp_path, capsys):
    other, out = shutil.copytree(sound, tmp_path / "other"), str(tmp_path / "out")
    with sole_command(out):
        assert merge.main([str(sound), str(other), "--output", out]) == 2
        assert retokenize.main([str(sound), "--tokenizer", "t5", "--output", out]) == 2
    assert capsys.readouterr().err.count("another command is at work there") == 2
