"""Compares the facts of a checkpoint, its settings and corpora, with those of a run that resumes from it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import MISSING, fields
from typing import Any

from schemas import UsageError
from trainer.model.config import ModelConfig
from trainer.settings.reading.changes import change, flat
from trainer.tasks.page_changes import UNCHANGED

CORPUS, CORPUS_PATHS = "corpus", "corpus_paths"
"""Content and weight of each corpus; and their paths, only for messages, because a corpus may be moved."""
ITEMS = "items"
"""Hash of the items of a fine-tuning run. It takes the place of the corpora, which are made from its data."""
PAGE_CHANGES = {"ocr_noise": UNCHANGED.ocr_noise, "boxes": UNCHANGED.boxes}
"""Settings that change the pages of a fine-tuning run, with the values that they had before they were settings."""
MEMORY = "model.activation_checkpointing"
"""Changes the memory that a step needs, but no result. It may be set after a run was out of memory."""


def require_same(saved: dict[str, Any], now: dict[str, Any], run_dir: str, ignore: Collection[str] = ()) -> None:
    """Checks that a run may resume from a checkpoint.

    A setting of the model or of the pages that the checkpoint does not have is newer than the checkpoint. It then had
    its default.

    Args:
        saved: the facts of the checkpoint.
        now: the facts of the run.
        run_dir: the directory of the run, for the message.
        ignore: names of facts that may differ.

    Raises:
        UsageError: facts differ. The message names each of them with both values.
    """
    before, after = (flat(_with_defaults(facts)) for facts in (saved, now))
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if _is_one_corpus(saved, now):
        ignore = [*ignore, CORPUS]  # the weight of a single corpus has no effect
    if ITEMS in now:
        ignore = [*ignore, CORPUS]
    names = [name for name in names if name not in (*ignore, CORPUS_PATHS, MEMORY)]
    if names:
        changes = "; ".join(_change(name, before, after) for name in names)
        raise UsageError(
            f"--output {run_dir} holds a run with other settings: {changes}. {_advice(names, run_dir, now)}"
        )


def _with_defaults(facts: dict[str, Any]) -> dict[str, Any]:
    if ITEMS in facts:
        facts = PAGE_CHANGES | facts
    if "model" not in facts:
        return facts
    defaults = {item.name: item.default for item in fields(ModelConfig) if item.default is not MISSING}
    return {**facts, "model": defaults | facts["model"]}


def _is_one_corpus(saved: dict[str, Any], now: dict[str, Any]) -> bool:
    contents = [[content for content, _ in facts.get(CORPUS, [])] for facts in (saved, now)]
    return contents[0] == contents[1] and len(contents[0]) == 1


def _change(name: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    if name == ITEMS:
        return "the items to train on have changed (--data, --train_split, --val_share or --train_documents)"
    if name != CORPUS:
        return change(name, before, after)
    was, now = _corpora(before), _corpora(after)
    return f"the pages of --corpus {now} have changed" if was == now else f"--corpus was {was}, is {now}"


def _corpora(facts: dict[str, Any]) -> str:
    """Returns the paths of the corpora, with their weights if there are several."""
    contents, paths = facts[CORPUS], facts.get(CORPUS_PATHS) or ["a path that was not saved"]
    if len(contents) == 1:
        return paths[0]
    return " ".join(f"{path}:{weight:g}" for path, (_, weight) in zip(paths, contents, strict=False))


def _advice(names: list[str], run_dir: str, now: dict[str, Any]) -> str:
    if names == ["ranks"]:
        return "Pass --change_ranks true to resume it."
    if any(name.startswith(("model.", "tokenizer")) and name != "model.dropout" for name in names):
        return "Choose another directory."
    flag = "--model" if ITEMS in now else "--init_from"
    return f"To train on with its weights, choose another directory and pass {flag} {run_dir}."
