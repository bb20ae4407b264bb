"""A fine-tuned model that is used on pages outside of its data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

from schemas import Sample, UsageError
from trainer.model.export import exported_in
from trainer.run.finetuning.finetuned import load_finetuned
from trainer.run.finetuning.scoring import outputs_of, windows_of
from trainer.tasks.items import Item, ItemTask, Output, item_sample
from trainer.tasks.page_changes import without_boxes

Kind = TypeVar("Kind", bound=ItemTask)


class PageModel(Generic[Kind]):
    """A fine-tuned model and its task.

    Args:
        model: an exported model, or the directory of its run.
        kind: class of the task that the model must have.
        what: name of such tasks, for the error message.
        device: such as `cpu` or `cuda`.
        batch_size: windows that the model reads at a time.

    Raises:
        UsageError: the model has a task of another kind.
        FolioError: there is no fine-tuned model in the folder.
    """

    def __init__(self, model: str | Path, kind: type[Kind], what: str, device: str, batch_size: int) -> None:
        folder = exported_in(Path(model))
        found = load_finetuned(folder, device=device)
        if not isinstance(found.task, kind):
            raise UsageError(f"--model {folder} was not fine-tuned on {what}: use a task with {what}")
        self.task: Kind = found.task
        self.model = found.model
        self._sees_boxes = found.boxes == "kept"
        self._batch_size = batch_size

    def outputs(self, items: Sequence[Item], pages: Sequence[Sample]) -> list[list[Output]]:
        """Returns the outputs of all windows of the same pages for each item."""
        read = pages if self._sees_boxes else [without_boxes(page) for page in pages]
        windows = (
            window
            for row, item in enumerate(items)
            for number, page in enumerate(read)
            for window in windows_of(self.task, self.model, item_sample(page, item, number), row)
        )
        outputs = outputs_of(self.model, self.task, windows, self._batch_size)
        return [outputs[row] for row in range(len(items))]
