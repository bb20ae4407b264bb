"""The record of pages that gave way to others."""

from __future__ import annotations

import logging

from trainer.run.incidents import BAD_SAMPLES, SHOWN, BadSamples
from trainer.run.log import read_rows


def test_a_resumed_run_counts_on_and_forgets_what_it_repeats(tmp_path):
    first = BadSamples(tmp_path, resume_step=0)
    for step in (3, 8, 12):
        first.note(step, ["a in corpus-00000: torn", "b in corpus-00001: torn"])
    assert first.total == 6
    again = BadSamples(tmp_path, resume_step=10)
    assert again.total == 4
    again.note(11, [])
    again.note(12, ["c in corpus-00000: torn"])
    assert again.total == 5
    steps = [row["step"] for row in read_rows(tmp_path / BAD_SAMPLES)]
    assert steps == [3, 3, 8, 8, 12]


def test_the_first_few_are_said_and_all_are_counted(tmp_path, caplog):
    bad = BadSamples(tmp_path, resume_step=0)
    with caplog.at_level(logging.WARNING, "trainer"):
        for step in range(1, 31):
            bad.note(step, [f"page-{step} in corpus-00000: torn"])
    assert bad.total == 30
    assert len(caplog.messages) == SHOWN
    assert caplog.messages[-1].endswith(f"(all are in {tmp_path / BAD_SAMPLES}): page-{SHOWN} in corpus-00000: torn")


def test_other_ranks_write_and_say_nothing(tmp_path, caplog):
    BadSamples(None, resume_step=0).note(1, ["a in corpus-00000: torn"])
    assert not caplog.messages
