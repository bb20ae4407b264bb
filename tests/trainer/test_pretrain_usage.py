"""What the training program refuses, and its help."""

from __future__ import annotations

import sys

from tests.trainer.launches import (
    PRETRAIN,
    launcher,
    run,
)
from trainer.run.failures import AFTERWARDS


def test_the_launcher_returns_exit_code_2_and_only_one_rank_prints_the_error(corpus, tmp_path):
    command = [*launcher(2), str(PRETRAIN), "--corpus", str(corpus), "--output", str(tmp_path / "RUN")]
    done = run([*command, "--model", "tiny", "--global_batch", "7"], tmp_path)
    assert done.returncode == 2
    assert done.stdout.count("--global_batch 7 is no multiple of the 2 ranks") == 1
    assert not (tmp_path / "RUN").exists()
    lines = done.stdout.splitlines()
    start = lines.index("error: --global_batch 7 is no multiple of the 2 ranks: use 6 or 8")
    assert lines[start - 1 : start + 3] == ["", lines[start], AFTERWARDS, ""], "it stands apart from other lines"
    assert "exits with return code = 2" in lines[start + 3], "what the note refers to"


def test_a_missing_package_is_reported_with_the_command_that_installs_it(tmp_path):
    block = (
        f"import runpy, sys; sys.modules['deepspeed'] = None; runpy.run_path({str(PRETRAIN)!r}, run_name='__main__')"
    )
    done = run([sys.executable, "-c", block], tmp_path)
    assert done.returncode == 2
    assert done.stdout.strip().endswith("error: deepspeed is not installed: pip install '.[train]' in Folio's folder")


def test_help_shows_flags_launch_commands_and_exit_codes(tmp_path):
    done = run([sys.executable, str(PRETRAIN), "--help"], tmp_path)
    assert done.returncode == 0
    for word in ("--global_batch", "--zero_stage", "deepspeed trainer/pretrain.py", "Exit codes"):
        assert word in done.stdout
