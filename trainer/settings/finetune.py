"""The settings of `finetune.py`."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.settings.part import option, path_option
from trainer.settings.task import TaskSettings
from trainer.settings.training import TrainingConfig


@dataclass(frozen=True)
class FinetuneConfig(TrainingConfig, TaskSettings):
    """The settings of a fine-tuning run.

    Attributes:
        init_from: value of `--model`: an exported model or the directory of a run; empty: an untrained model.

    Raises:
        UsageError: a value is out of its range.
    """

    init_from: str = ""
    tokenizer: str = path_option("", "tokenizer: t5, a file, a directory or a hub name; empty: that of the model")
    global_batch: int = option(16, "examples per step, over all ranks", minimum=1)
    val_every: int = option(100, "steps between evaluations", minimum=1)
    save_every: int = option(100, "steps between checkpoints", minimum=1)
