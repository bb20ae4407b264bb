"""A sound corpus, a copy of it to damage, and the faults that `pipelines.verify` finds in a corpus."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.verify import main
from tests.support.corpora import write_corpus


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """A sound corpus. Tests must not change it."""
    directory = tmp_path_factory.mktemp("sound") / "out"
    write_corpus(directory, pages=6, shards=2, words=40, long_side=256)
    return directory


@pytest.fixture
def corpus(sound, tmp_path) -> Path:
    """A copy of the sound corpus."""
    return shutil.copytree(sound, tmp_path / "out")


@pytest.fixture
def faults_of(capsys) -> Callable[[Path], str]:
    """Returns the output of `pipelines.verify` for a damaged corpus."""

    def run(corpus_dir: Path) -> str:
        assert main([str(corpus_dir)]) == 1
        return capsys.readouterr().out

    return run
