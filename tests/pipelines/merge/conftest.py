"""Corpora to merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipelines.merge.parts import SMALL
from tests.support.corpora import write_corpus


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Path:
    """Six pages of two documents, in two shards."""
    directory = tmp_path_factory.mktemp("first") / "out"
    write_corpus(directory, pages=6, shards=2, **SMALL)
    return directory


@pytest.fixture(scope="module")
def wider(tmp_path_factory) -> Path:
    """The documents of `first` and two more, mixed in two shards."""
    directory = tmp_path_factory.mktemp("wider") / "out"
    write_corpus(directory, pages=12, shards=2, **SMALL)
    return directory


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Path:
    """Other documents with the same names as those of `first`, as on another machine."""
    directory = tmp_path_factory.mktemp("other") / "out"
    write_corpus(directory, pages=5, shards=1, seed=1, **SMALL)
    return directory
