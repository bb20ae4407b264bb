"""A split of a data set becomes a corpus in the cache folder, once."""

from __future__ import annotations

import json
from pathlib import Path

from schemas import Corpus, load_tokenizer
from trainer.data.items.prepare import prepared
from trainer.tasks.datasets import data_set_named


def test_relative_folders_are_used_and_the_pages_are_built_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = {"size": [100, 50], "words": [{"text": "Total", "box": [5, 5, 40, 15], "label": "B-KEY"}]}
    Path("data").mkdir()
    Path("data/train.jsonl").write_text(json.dumps(line))
    Path("model").mkdir()
    load_tokenizer().save("model")
    first = prepared(data_set_named("labels"), Path("data"), "train", "model", Path("cache"))
    built = (first / "corpus/index.json").stat().st_mtime_ns
    again = prepared(data_set_named("labels"), Path("data"), "train", "model", Path("cache"))
    assert first == again and first.is_relative_to(tmp_path / "cache")
    assert (first / "corpus/index.json").stat().st_mtime_ns == built
    assert len(Corpus(first / "corpus")) == 1
