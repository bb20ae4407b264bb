"""Items: what a data set for fine-tuning asks about pages, and the protocols of data sets and of their tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from schemas import Page, Sample, Tokenizer
from schemas.page_file import FilePage
from schemas.table_file import TextTable
from trainer.model.batch import Batch
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.tasks.base import Example, Task


@dataclass(frozen=True)
class Item:
    """One thing to predict from the pages of a document.

    Attributes:
        id: names the item in its split of the data set.
        annotation: what is asked and the truth, in the form of the task; only values that JSON can store.
    """

    id: str
    annotation: Mapping[str, Any]


@dataclass(frozen=True)
class ItemDocument:
    """A document of a data set and its items.

    Attributes:
        name: names the document in its split.
        pages: its pages. The files are relative to the folder of the data set.
        items: what is asked about it.
        source: the file that it is a part of; "": its name. All parts of a file are trained on, or all are held out.
        table: a table that is drawn as the pages of the document; then `pages` is empty. None: `pages` names them.
    """

    name: str
    pages: tuple[FilePage, ...]
    items: tuple[Item, ...]
    source: str = ""
    table: TextTable | None = None


@dataclass(frozen=True)
class ItemSample(Sample):
    """A page that an item is about.

    Attributes:
        item: the item. `key` is its id.
        number: index of the page in the document, from 0.
    """

    item: Item
    number: int


def item_sample(sample: Sample, item: Item, number: int) -> ItemSample:
    """Returns a page as a page of an item."""
    return ItemSample(item.id, sample.jpg, sample.json, sample.tokens, item, number)


class DataSet(Protocol):
    """Reads a data set in its official layout.

    Attributes:
        name: value of `--task`.
        splits: names of its splits. The first one is for training.
        validation: see `validation_in`.
    """

    name: str
    splits: Sequence[str]
    validation: str

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the documents of a split, always in the same order.

        Args:
            folder: the data set as it was downloaded.

        Raises:
            UsageError: the folder has another layout. The message says what was expected and what was found.
        """
        ...

    def validation_in(self, folder: Path) -> str:
        """Returns the split to evaluate on during training; "": a share of the documents of the training split."""
        return self.validation

    def has_truth(self, item: Item) -> bool:
        """Returns whether the truth of an item is known. Otherwise it can only be predicted."""
        return True

    def shows(self, item: Item, page: Page) -> bool:
        """Returns whether a page shows the answer of an item. The first such page trains the model."""
        return True

    def make_task(self, settings: Any, model: ModelConfig, tokenizer: Tokenizer, seed: int) -> ItemTask:
        """Returns the task.

        Args:
            settings: a `trainer.settings.task.TaskSettings`.
        """
        ...


class ItemTask(Task, Protocol):
    """A task on items. It makes predictions, and scores them by the official metric of the data set.

    Attributes:
        metric: the score by which the best model is chosen; higher is better.
    """

    metric: str

    def windows(self, sample: ItemSample) -> list[Example]:
        """Returns the examples that read all of a page, without its image. They may overlap."""
        ...

    def predict(self, model: DocFormerV2, batch: Batch) -> list[Any]:
        """Returns the output for each example of a batch."""
        ...

    def combine(self, item: Item, outputs: Sequence[Output]) -> Any:
        """Returns the prediction for an item, a value that JSON can store.

        Args:
            outputs: number of the page, example and output of each window of the item; empty if no page can be used.
        """
        ...

    def scores(self, items: Sequence[Item], predictions: Sequence[Any]) -> dict[str, float]:
        """Returns the scores of a data set, one of which is `metric`."""
        ...

    def cuts(self, items: Sequence[Item]) -> dict[str, int]:
        """Returns how many of some items cannot be learned or answered in full, by what is cut."""
        return {}

    def record(self) -> dict[str, Any]:
        """Returns what an exported model must store besides the network, so that it can be used."""
        ...


Output = tuple[int, Example, Any]
"""Number of the page in its document, from 0; the example of a window; what the task predicted for it."""

Metric = Callable[[Sequence[Item], Sequence[Any]], dict[str, float]]
"""Scores the predictions for items."""
