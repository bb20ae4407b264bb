"""What all tests that train share: a small corpus, and a home directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.corpora import write_corpus


@pytest.fixture(scope="package", autouse=True)
def home_of_the_tests(tmp_path_factory) -> Iterator[None]:
    """A new home directory, because runs write to the cache folder there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """Thirty pages of 40 words."""
    path = tmp_path_factory.mktemp("corpus") / "OUT"
    write_corpus(path, pages=30, words=40, long_side=256)
    return path
