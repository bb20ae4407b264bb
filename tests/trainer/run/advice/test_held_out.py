"""Tests of the warning of a share of held-out documents that is too small for the corpora."""

from __future__ import annotations

import logging
import re

import pytest

from tests.support.corpora import write_corpus
from trainer.data.corpora import open_corpora
from trainer.run.setup import prepare, pretraining
from trainer.settings.reading.pretrain_command import parse_command_line


@pytest.fixture
def warnings(tmp_path, caplog):
    """Returns a function that prepares a run and returns its warnings. A document of the corpora has three pages."""

    def attempt(pages: int, *words: str) -> list[str]:
        corpus, out = tmp_path / f"{pages} pages", tmp_path / "RUN"
        if not corpus.exists():
            write_corpus(corpus, pages=pages, words=10, long_side=64)
        caplog.clear()
        with caplog.at_level(logging.WARNING, "trainer"):
            config = parse_command_line(["--corpus", str(corpus), "--output", str(out), "--model", "tiny", *words])
            prepare(config, open_corpora, pretraining)
        return caplog.messages

    return attempt


def test_a_share_that_holds_out_no_document_gives_a_warning_with_a_share_that_does(warnings):
    (warning,) = warnings(9)
    assert warning.startswith("warning: --val_share 0.02 holds out none of 3 documents, so nothing is evaluated: ")
    enough = re.search(r"pass at least ([0-9.]+)\. ", warning)
    assert enough is not None
    assert warnings(9, "--val_share", enough[1]) == []
    assert len(warnings(9, "--val_share", str(float(enough[1]) - 0.001))) == 1


def test_a_corpus_of_a_single_document_has_none_to_hold_out(warnings):
    (warning,) = warnings(3)
    assert "none of 1 documents, so nothing is evaluated: add documents" in warning


@pytest.mark.parametrize("words", [("--val_share", "0"), ("--val_pages", "0")])
def test_a_run_that_wants_no_held_out_pages_gets_no_warning(warnings, words):
    assert warnings(9, *words) == []
