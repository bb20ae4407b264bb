"""Your own labels: a folder with `train.jsonl`, and optionally `val.jsonl` and `test.jsonl`.

A line is a page of an image or a document of the folder, with its words:

    {"file": "receipt.png", "words": [{"text": "12.50", "box": [200, 40, 250, 60], "label": "B-TOTAL"}]}

Boxes are x0, y0, x1, y1 in pixels of an image or points of a PDF, or in the units of `"size": [width, height]`. A word
without `label` is `O`. `"page": 2` names a page of the file. Without `file`, the page is white and has a `size`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import SchemaError, Tokenizer, UsageError
from schemas.page_file import FilePage, decode_file_page
from trainer.model.config import ModelConfig
from trainer.tasks.datasets.layout import file_within, numbered_lines, read_row, require_known_keys, require_layout
from trainer.tasks.items import Item, ItemDocument
from trainer.tasks.labels.data_set import LabelSet
from trainer.tasks.labels.scores import are_bio_tags, entity_scores, word_scores
from trainer.tasks.labels.task import OUTSIDE, WordLabels

LAYOUT = (
    'own labels: train.jsonl with lines {"file": ..., "words": [{"text": ..., "box": [x0, y0, x1, y1], "label": ...}]}'
)
KEYS = "file", "words", "page", "size", "id"
KEYS_OF_WORDS = "text", "box", "label"


@dataclass(frozen=True)
class LabelledPage:
    """A line of the file: its name, the page, and the label of each of its words."""

    id: str
    page: FilePage
    labels: list[str]


class Labels(LabelSet):
    """Labels of the words of any pages. The labels are those of the training file."""

    name = "labels"
    splits = ("train", "val", "test")
    validation = ""

    def validation_in(self, folder: Path) -> str:
        """Returns `val` if the folder has this split."""
        return "val" if (folder / "val.jsonl").is_file() else ""

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields each line as a document of one page."""
        for line in read_pages(folder, split):
            item = Item(line.id, {"labels": [line.labels]})
            yield ItemDocument(line.id, (line.page,), (item,), source=line.page.file)

    def make_task(self, settings: Any, model: ModelConfig, tokenizer: Tokenizer, seed: int) -> WordLabels:
        """Returns the labelling of words. The metric is the F1 of entities if the labels are BIO tags."""
        labels = getattr(settings, "labels", None)  # an exported model has stored them
        if labels is None:
            labels = labels_of(Path(settings.data), settings.train_split or self.splits[0])
        score = entity_scores if are_bio_tags(labels) else word_scores
        return self.word_labels(labels, score, settings, tokenizer, seed)


def labels_of(folder: Path, split: str) -> list[str]:
    """Returns `O` and all other labels of a split, sorted.

    Raises:
        UsageError: no word has a label, or the files have another form.
    """
    found = {label for line in read_pages(folder, split) for label in line.labels} - {OUTSIDE}
    if not found:
        raise UsageError(f"--data: {folder / f'{split}.jsonl'} has no word with a label: expected {LAYOUT}")
    return [OUTSIDE, *sorted(found)]


def read_pages(folder: Path, split: str) -> Iterator[LabelledPage]:
    """Yields the pages of a split.

    Raises:
        UsageError: the folder has another layout, or a line another form. The message names the line.
    """
    require_layout(folder, LAYOUT, [f"{split}.jsonl"])
    path = folder / f"{split}.jsonl"
    lines: dict[str, int] = {}
    for number, line in numbered_lines(path):
        where = f"{path}, line {number}"
        page = _labelled_page(line, where, f"{split}-{number}")
        if page.id in lines:
            raise UsageError(f"--data: {where} has the id {page.id} of line {lines[page.id]}: ids must differ")
        lines[page.id] = number
        yield page


def _labelled_page(line: bytes, where: str, name: str) -> LabelledPage:
    """Returns the page of a line. Words without text are left out.

    Raises:
        UsageError: the line has another form.
    """
    try:
        row = read_row(line, KEYS)
        words = [_word(word, number) for number, word in enumerate(row["words"], 1)]
        words = [word for word in words if word["text"].strip()]
        file = file_within(row["file"]) if "file" in row else ""
        if not file and not row.get("size"):
            raise ValueError("a page without file needs its size")
        columns = {"text": [word["text"] for word in words], "box": [word["box"] for word in words]}
        record = {"file": file, "page": row.get("page", 1), "size": row.get("size"), "words": columns}
        page = decode_file_page(json.dumps(record).encode(), "file, page or size")
        return LabelledPage(str(row.get("id", name)), page, [word.get("label") or OUTSIDE for word in words])
    except KeyError as error:
        raise UsageError(f"--data: {where} is not a labelled page ({error} is missing): expected {LAYOUT}") from error
    except (SchemaError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UsageError(f"--data: {where} is not a labelled page ({error}): expected {LAYOUT}") from error


def _word(word: Any, number: int) -> dict[str, Any]:
    """Returns a word of a line, if it has the form of one.

    Raises:
        TypeError: it has another form.
        ValueError: it has an unknown key.
    """
    if not isinstance(word, dict) or not isinstance(word.get("text"), str):
        raise TypeError(f"word {number} needs a text")
    require_known_keys(word, KEYS_OF_WORDS)
    if not isinstance(word.get("label") or OUTSIDE, str):
        raise TypeError(f"the label of word {number} must be a text")
    box = word.get("box")
    if not isinstance(box, list) or len(box) != 4 or not all(type(value) in (int, float) for value in box):
        raise TypeError(f"word {number} needs a box of four numbers")
    return word


DATA_SET = Labels()
