"""The items to train on and to evaluate on: which splits, how many documents, and whose truth is known."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from schemas import UsageError
from trainer.model.config import MODEL_SIZES
from trainer.run.finetuning.items import open_items, splits_of
from trainer.settings.finetune import FinetuneConfig

WORD = {"text": "9.00", "box": [5, 5, 40, 15], "label": "B-TOTAL"}


def settings_of(folder: Path, task: str = "labels", **settings: Any) -> FinetuneConfig:
    places = {"data": str(folder / "data"), "output": str(folder / "run"), "cache_dir": str(folder / "cache")}
    return FinetuneConfig(task=task, model=MODEL_SIZES["tiny"], tokenizer="t5", **places, **settings)


def write(folder: Path, **splits: list[dict[str, Any]]) -> Path:
    (folder / "data").mkdir()
    for split, rows in splits.items():
        (folder / "data" / f"{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def test_a_share_of_the_documents_is_held_out_but_never_all_of_them(tmp_path, caplog):
    caplog.set_level(logging.INFO, "trainer")
    folder = write(tmp_path, train=[{"id": f"t{i}", "size": [100, 50], "words": [WORD]} for i in range(4)])
    [corpus], _ = open_items(settings_of(folder, val_share=0.25))
    assert (len(corpus.train), len(corpus.held_out)) == (3, 1)
    assert "evaluated on 1 held-out documents of the split train (--val_share 0.25)" in caplog.text
    with pytest.raises(UsageError, match=r"--val_share 0\.9 holds out all documents \(4\) .* name a split"):
        open_items(settings_of(folder, val_share=0.9))


@pytest.mark.parametrize("task", ["labels", "questions"])
def test_own_data_are_evaluated_on_their_validation_split_if_there_is_one(tmp_path, task):
    folder = write(tmp_path, train=[], test=[])
    assert splits_of(settings_of(folder, task)) == ("train", "")
    (folder / "data/val.jsonl").touch()
    assert splits_of(settings_of(folder, task)) == ("train", "val")
    assert splits_of(settings_of(folder, task, val_split="test")) == ("train", "test")


def test_questions_without_answers_are_not_trained_or_evaluated_on(tmp_path):
    known = {"file": "a.png", "question": "q", "answers": ["b"]}
    folder = write(tmp_path, train=[known, {"file": "a.png", "question": "q", "id": "x"}])
    with pytest.raises(UsageError, match=r"the truth of 1 of 2 items of the split train is not .*the first is x\)"):
        open_items(settings_of(folder, "questions"))


def test_a_split_whose_files_are_missing_is_refused(tmp_path):
    folder = write(tmp_path, train=[{"file": "a.png", "words": [WORD]}])
    with pytest.raises(UsageError, match="data: no page of this split can be used: see the reasons above"):
        open_items(settings_of(folder))
