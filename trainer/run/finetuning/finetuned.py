"""Opens fine-tuned models for evaluation and prediction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from schemas import UsageError
from trainer.model.docformer import DocFormerV2
from trainer.model.export import load_model, read_config, read_task, read_tokenizer
from trainer.tasks.datasets import data_set_named
from trainer.tasks.items import ItemTask
from trainer.tasks.page_changes import UNCHANGED, Boxes


@dataclass(frozen=True)
class Finetuned:
    """A fine-tuned model.

    Attributes:
        model: with its heads.
        task: its task.
        boxes: whether it sees the boxes of words: `kept` or `removed`.
    """

    model: DocFormerV2
    task: ItemTask
    boxes: Boxes


def load_finetuned(folder: Path, name: str | None = None, device: str = "cpu") -> Finetuned:
    """Loads a fine-tuned model.

    Args:
        folder: an exported model.
        name: the task that the model must have; None: any.
        device: such as `cpu` or `cuda`.

    Raises:
        UsageError: the model was fine-tuned for another task.
        FolioError: the folder contains no fine-tuned model, or it is damaged.
    """
    task = finetuned_task(folder, name)
    model, _ = load_model(folder, task.make_heads)
    return Finetuned(model.to(device), task, read_task(folder).get("boxes", UNCHANGED.boxes))


def finetuned_task(folder: Path, name: str | None = None) -> ItemTask:
    """Returns the task of a fine-tuned model without its weights. Arguments and errors: see `load_finetuned`."""
    record = read_task(folder)
    if name is not None and name != record["task"]:
        raise UsageError(f"--model {folder} was fine-tuned for {record['task']}, not for {name}")
    settings = SimpleNamespace(**record["settings"])
    return data_set_named(record["task"]).make_task(settings, read_config(folder), read_tokenizer(folder), 0)
