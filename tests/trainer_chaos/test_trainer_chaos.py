"""A short run of the strikes: one SIGTERM and one kill in mid-save."""

from __future__ import annotations

import json

from tests.support.corpora import write_corpus
from tests.trainer_chaos.struck import StruckRun


def test_a_run_told_to_stop_and_killed_in_mid_save_goes_on_as_if_nothing_had_been(tmp_path):
    write_corpus(tmp_path / "corpus", pages=16, words=20, long_side=128)
    run = StruckRun(tmp_path / "corpus", tmp_path / "RUN", "--max_steps", "9", "--save_every", "3")

    assert run.stop_politely(step=1, rank=1) != 0
    stopped = json.loads((run.output / "stopped.json").read_text())["step"]
    assert stopped == run.steps() == run.newest_sound() < 9
    assert f"stopped by SIGTERM after step {stopped}, saved" in run.printed

    left = run.kill_in_a_save(saves=1, moment_s=0.02)
    before, sound = run.rows(), run.newest_sound()
    assert sound < len(before), left
    assert not (run.output / "stopped.json").exists()

    assert run.wait(run.start()) == 0, run.printed
    assert f"resumed after step {sound} of 9" in run.printed
    assert run.rows()[: len(before)] == before, "bit for bit, also what was done twice"
    assert run.newest_sound() == len(run.rows()) == 9
