"""Settings of fine-tuning: the task, its data, and the length of texts and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas import UsageError
from trainer.settings.part import SettingsPart, option, path_option
from trainer.tasks.page_changes import PageChanges


@dataclass(frozen=True)
class TaskSettings(SettingsPart):
    """The task and its data.

    Raises:
        UsageError: a value is out of its range.
    """

    task: str = option("", "name of the task; see docs/finetuning.md")
    data: str = path_option("", "folder of the data set as it was downloaded")
    train_split: str = option("", "split to train on; empty: that of the task")
    val_split: str = option("", "split to evaluate on; empty: that of the task, or --val_share of the training split")
    val_share: float = option(0.1, "share of the documents to evaluate on, if the task has no split for it")
    train_documents: int = option(0, "train on this many documents only, chosen by a hash; 0: on all", minimum=0)
    max_text_tokens: int = option(512, "length of the encoder's text; longer pages are read in windows", minimum=16)
    reads_images: bool = option(True, "whether the model sees the images of the pages")
    max_target_tokens: int = option(0, "longest answer in tokens; 0: that of the task", minimum=0)
    ocr_noise: float = option(
        0.0,
        "probability of an error of OCR at each word of the training pages, other errors in each epoch; 0.1 makes a "
        "model that reads worse scans than those that it is trained on",
    )
    boxes: Literal["kept", "removed"] = option(
        "kept", "removed: the model does not see where the words stand, also when it is used later"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.val_share < 1:
            raise UsageError(f"--val_share must be above 0 and below 1, got {self.val_share}")
        PageChanges(self.ocr_noise, self.boxes)  # checks its values
        if self.max_target_tokens == 1:
            raise UsageError("--max_target_tokens 1 leaves no room for an answer before its end: use at least 2")
