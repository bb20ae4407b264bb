"""A small corpus that the tests of the schemas read. It is written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.corpora import write_corpus


@pytest.fixture(scope="session")
def corpus_dir(tmp_path_factory) -> Path:
    """A finished corpus of three shards and eleven samples. Tests do not change it."""
    directory = tmp_path_factory.mktemp("corpus") / "OUT"
    write_corpus(directory, pages=11, shards=3, words=40, long_side=256)
    return directory
