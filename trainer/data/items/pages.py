"""The items of a data set in the form in which the loader reads pages of a corpus."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from schemas import CorpusIndex, Page, Sample, Tokenizer, load_tokenizer
from schemas.token_limits import TokenLimits
from trainer.data.check_records import records_folder
from trainer.data.corpora import CorpusPages, read_head, shard_files
from trainer.data.items.prepare import CORPUS, prepared, read_items, require_truth
from trainer.data.page_table import PageTable
from trainer.settings.data import DataSettings
from trainer.tasks.items import DataSet, Item, ItemSample, item_sample
from trainer.tasks.page_changes import UNCHANGED, PageChanges

Shows = Callable[[Item, Page], bool]
Change = Callable[[Sample, int], Sample]
"""Returns a page as it is read in an epoch."""


@dataclass(frozen=True)
class PreparedItem:
    """An item with its usable pages.

    Attributes:
        item: the item.
        document: name of its document, or of the file that this is a part of.
        rows: row in the page table of each usable page, by the number of the page in the document, from 0.
    """

    item: Item
    document: str
    rows: dict[int, int]


@dataclass(frozen=True)
class ItemTable(PageTable):
    """A page table with a row per item: that of the page that trains the model.

    Attributes:
        ids: id of each item.
    """

    ids: tuple[str, ...] = ()

    def key(self, row: int) -> str:
        """Returns the id of an item."""
        return self.ids[row]


def _training_page(item: PreparedItem, pages: CorpusPages, shows: Shows) -> int:
    """Returns the number of the first page that shows the answer, or of the first usable page."""
    numbers = sorted(item.rows)
    if len(numbers) == 1:
        return numbers[0]
    return next((number for number in numbers if shows(item.item, pages.sample(item.rows[number]).page())), numbers[0])


class ItemPages(CorpusPages):
    """Items as if each was a page of a corpus.

    Args:
        pages: the pages of the prepared corpus.
        shows: see `DataSet.shows`.
        items: the items. Those without a usable page can only be scored: see `listed`.
        change: how the pages are changed before they are read; None: they are not.

    Attributes:
        items: the items with a usable page, by row.
        listed: all items in the order of the data set, each with its row; None: it has no usable page.
    """

    def __init__(
        self,
        pages: CorpusPages,
        items: Sequence[PreparedItem],
        shows: Shows,
        change: Change | None = None,
    ) -> None:
        everything, items = items, [item for item in items if item.rows]
        numbers = [_training_page(item, pages, shows) for item in items]
        rows = np.array([item.rows[number] for item, number in zip(items, numbers, strict=True)], np.int64)
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        self.items = [items[i] for i in order]
        row_of = {id(item): row for row, item in enumerate(self.items)}
        self.listed = [(item.item, row_of.get(id(item))) for item in everything]
        self._pages, self._numbers, self._change = pages, [numbers[i] for i in order], change
        table = pages.table
        super().__init__(
            ItemTable(
                bounds=np.searchsorted(rows, table.bounds),
                document=table.document[rows],
                page=table.page[rows],
                tokens=table.tokens[rows],
                ids=tuple(item.item.id for item in self.items),
            ),
            pages.files,
            pages.limits,
        )

    def digest(self) -> str:
        """Returns 16 hex digits that change with the items, their annotations, their pages and their order."""
        rows = [[item.item.id, item.item.annotation, sorted(item.rows.items())] for item in self.items]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]

    def sample(self, row: int, epoch: int = 0) -> ItemSample:
        """Returns the page that trains the model on an item."""
        return self.page(row, self._numbers[row], epoch)

    def page(self, row: int, number: int, epoch: int = 0) -> ItemSample:
        """Returns a page of an item.

        Args:
            number: number of the page in the document, from 0.
            epoch: of the training. Pages that are changed differ between the epochs.

        Raises:
            SchemaError: the sample is damaged.
            ShardError: the shard cannot be read.
        """
        item = self.items[row]
        sample = self._pages.sample(item.rows[number])
        return item_sample(self._change(sample, epoch) if self._change else sample, item.item, number)


@dataclass(frozen=True)
class OpenSplit:
    """A prepared split.

    Attributes:
        path: its corpus.
        index: the index of the corpus.
        pages: the pages of the corpus.
        items: all items.
        shows: see `DataSet.shows`.
        tokenizer: the tokenizer of the corpus.
    """

    path: str
    index: CorpusIndex
    pages: CorpusPages
    items: list[PreparedItem]
    shows: Shows
    tokenizer: Tokenizer

    def of(self, chosen: Callable[[str], bool], changes: PageChanges = UNCHANGED) -> ItemPages:
        """Returns the items of the documents whose name is chosen.

        Args:
            chosen: takes the name of a document.
            changes: of the pages, before they are read.
        """
        grid = self.index.grid_rows, self.index.grid_cols
        change = partial(changes.of, tokenizer=self.tokenizer, grid=grid)
        items = [item for item in self.items if chosen(item.document)]
        return ItemPages(self.pages, items, self.shows, change)


def open_split(
    data_set: DataSet, folder: Path, split: str, tokenizer: str, settings: DataSettings, *, needs_truth: bool = False
) -> OpenSplit:
    """Prepares a split of a data set if needed, and opens it.

    Args:
        data_set, folder, split, tokenizer, needs_truth: see `prepared`.
        settings: of the cache folder and of the reading of shards.

    Raises:
        UsageError: the data set has no such split, the folder has another layout, or the truth is missing.
        FolioError: the pages cannot be built.
    """
    target = prepared(data_set, folder, split, tokenizer, Path(settings.cache_dir), needs_truth=needs_truth)
    path = str(target / CORPUS)
    index, table = read_head(path)
    pages = CorpusPages(
        table, shard_files(path, index, settings, records_folder(settings.cache_dir)), TokenLimits.of(index)
    )
    row_of = {table.key(row): row for row in range(len(table))}
    items = [
        PreparedItem(
            Item(row["id"], row["annotation"]),
            row["document"],
            {int(number): row_of[key] for number, key in row["keys"].items()},
        )
        for row in read_items(target)
    ]
    if needs_truth:
        require_truth(data_set, [item.item for item in items], folder, split)
    return OpenSplit(path, index, pages, items, data_set.shows, load_tokenizer(tokenizer))
