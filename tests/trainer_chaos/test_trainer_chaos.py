"""A short chaos test: one SIGTERM and one kill during a save."""

from __future__ import annotations

import json

from tests.support.corpora import write_corpus
from tests.trainer_chaos.disturbed_run import DisturbedRun


def test_a_run_stopped_by_sigterm_and_killed_during_a_save_resumes_bit_for_bit(tmp_path):
    write_corpus(tmp_path / "corpus", pages=16, words=20, long_side=128)
    run = DisturbedRun(tmp_path / "corpus", tmp_path / "RUN", "--max_steps", "9", "--save_every", "3")

    assert run.stop_by_sigterm(step=1, rank=1) != 0
    stopped = json.loads((run.output / "stopped.json").read_text())["step"]
    assert stopped == run.steps() == run.newest_sound() < 9
    assert f"stopped by SIGTERM after step {stopped}, saved" in run.printed

    left = run.kill_in_a_save(saves=1, moment_s=0.02)
    before, sound = run.rows(), run.newest_sound()
    assert sound < len(before), left
    assert not (run.output / "stopped.json").exists()

    assert run.wait(run.start()) == 0, run.printed
    assert f"resumed after step {sound} of 9" in run.printed
    assert run.rows()[: len(before)] == before, "bit for bit, including the repeated steps"
    assert run.newest_sound() == len(run.rows()) == 9
