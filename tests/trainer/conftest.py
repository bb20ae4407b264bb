"""A small corpus for tests that train."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.corpora import write_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """Thirty pages of 40 words."""
    path = tmp_path_factory.mktemp("corpus") / "OUT"
    write_corpus(path, pages=30, words=40, long_side=256)
    return path
