"""A split of a data set becomes a corpus in the cache folder, once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas import Corpus, load_tokenizer
from trainer.data.items.prepare import prepared
from trainer.tasks.datasets import data_set_named

CACHE = Path("data/cache")


@pytest.fixture(scope="module")
def built_in(tmp_path_factory) -> Path:
    """A folder in which pages are built."""
    folder = tmp_path_factory.mktemp("here")
    line = {"size": [100, 50], "words": [{"text": "Total", "box": [5, 5, 40, 15], "label": "B-KEY"}]}
    (folder / "data").mkdir()
    (folder / "model").mkdir()
    load_tokenizer().save(folder / "model")
    (folder / "data/train.jsonl").write_text(json.dumps(line))
    return folder


def prepare() -> Path:
    return prepared(data_set_named("labels"), Path("data"), "train", "model", CACHE)


def test_relative_folders_are_used_and_the_pages_are_built_once(built_in, monkeypatch):
    monkeypatch.chdir(built_in)
    first = prepare()
    built = (first / "corpus/index.json").stat().st_mtime_ns
    assert prepare() == first and first.is_relative_to(built_in / CACHE)
    assert (first / "corpus/index.json").stat().st_mtime_ns == built
    assert len(Corpus(first / "corpus")) == 1


def test_runs_and_the_cache_in_the_folder_of_the_data_do_not_change_the_data(built_in, monkeypatch):
    monkeypatch.chdir(built_in)
    first = prepare()
    Path("data/run/checkpoints").mkdir(parents=True)
    for name in ("config.yaml", "log.jsonl", "checkpoints/weights.pt"):
        Path("data/run", name).touch()
    assert prepare() == first
