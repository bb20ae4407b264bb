"""Opens fine-tuned models for evaluation and prediction."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from schemas import Tokenizer, UsageError
from trainer.model.docformer import DocFormerV2
from trainer.model.export import load_model, read_config, read_task, read_tokenizer
from trainer.tasks.datasets import data_set_named
from trainer.tasks.items import ItemTask
from trainer.tasks.page_changes import UNCHANGED, Boxes


def load_finetuned(folder: Path, name: str | None = None) -> tuple[DocFormerV2, ItemTask, Tokenizer]:
    """Loads a fine-tuned model with its heads, and its task.

    Args:
        folder: an exported model.
        name: the task that the model must have; None: any.

    Raises:
        UsageError: the model was fine-tuned for another task.
        FolioError: the folder contains no fine-tuned model, or it is damaged.
    """
    task = finetuned_task(folder, name)
    model, tokenizer = load_model(folder, task.make_heads)
    return model, task, tokenizer


def finetuned_task(folder: Path, name: str | None = None) -> ItemTask:
    """Returns the task of a fine-tuned model without its weights. Arguments and errors: see `load_finetuned`."""
    record = read_task(folder)
    if name is not None and name != record["task"]:
        raise UsageError(f"--model {folder} was fine-tuned for {record['task']}, not for {name}")
    settings = SimpleNamespace(**record["settings"])
    return data_set_named(record["task"]).make_task(settings, read_config(folder), read_tokenizer(folder), 0)


def boxes_of(folder: Path) -> Boxes:
    """Returns whether a fine-tuned model sees the boxes of words: `kept` or `removed`.

    Args:
        folder: an exported model.

    Raises:
        FolioError: the folder contains no fine-tuned model.
    """
    return read_task(folder).get("boxes", UNCHANGED.boxes)
