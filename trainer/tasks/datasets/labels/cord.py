"""CORD (Park et al. 2019) with labels: the words of 30 fields of photographed receipts. Licence: CC-BY-4.0.

As in LayoutLMv3 (Huang et al. 2022), each line of the file is an entity, with the words that print the field's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.tasks.datasets.fields.cord import DATA_SET as CORD
from trainer.tasks.datasets.fields.cord import read_receipts
from trainer.tasks.datasets.labels.cord_r import FIELDS
from trainer.tasks.items import Item, ItemDocument
from trainer.tasks.labels.data_set import LabelSet
from trainer.tasks.labels.scores import tags_of


class CordLabels(LabelSet):
    """Fields of receipts as labels of words. The metric is the F1 of entities."""

    name = "cord-labels"
    splits = CORD.splits
    validation = CORD.validation
    labels = tags_of([field.replace("sub.", "sub_") for field in FIELDS])

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the receipts of a split."""
        for name, page, labels in read_receipts(folder, split, line_tags):
            yield ItemDocument(name, (page,), (Item(name, {"labels": [labels]}),))


def line_tags(record: dict[str, Any]) -> list[str]:
    """Returns the BIO tag of each word of a receipt, in the order of its lines."""
    return [
        f"{'I' if number else 'B'}-{line['category']}"
        for line in record["valid_line"]
        for number, _ in enumerate(line["words"])
    ]


DATA_SET = CordLabels()
