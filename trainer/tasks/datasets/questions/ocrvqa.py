"""OCR-VQA (Mishra et al. 2019): questions about covers of books, five per cover.

The data set lists the addresses of the covers. Those that have been downloaded are read by Folio; questions about the
others count as wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlparse

from schemas import UsageError
from schemas.page_file import FilePage
from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.answers.scores import exact_scores
from trainer.tasks.datasets.layout import expecting, read_json, require_layout
from trainer.tasks.items import Item, ItemDocument

LAYOUT = "OCR-VQA: dataset.json and images/ID.jpg, where ID is the key of the cover in dataset.json"
SPLITS = {"train": 1, "val": 2, "test": 3}  # numbers of the splits in the file
READABLE = (".jpg", ".png")  # covers in other formats are left out, as others do


class OcrVqa(QuestionSet):
    """Questions about covers. The metric is the share of exact answers, without regard to case."""

    name = "ocrvqa"
    splits = tuple(SPLITS)
    validation = "val"
    score = staticmethod(exact_scores)
    metric = "exact"

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the covers of a split with all their questions."""
        require_layout(folder, LAYOUT, ["dataset.json", "images"])
        for name, row in _covers(folder / "dataset.json", SPLITS[split]):
            with expecting(folder / "dataset.json", f"the list of OCR-VQA at {name}"):
                ending = PurePosixPath(urlparse(row["imageURL"]).path).suffix
                items = _items(name, row)
            if ending in READABLE:
                yield ItemDocument(name, (FilePage(f"images/{name}{ending}"),), items)


def _covers(path: Path, number: int) -> list[tuple[str, dict[str, Any]]]:
    """Returns the covers of a split, by its number.

    Raises:
        UsageError: the file has another form.
    """
    covers = read_json(path)
    keys = {"split", "imageURL", "questions", "answers"}
    if not isinstance(covers, dict) or not all(isinstance(row, dict) and keys <= row.keys() for row in covers.values()):
        raise UsageError(f"--data: {path} is not the list of OCR-VQA: each cover needs {', '.join(sorted(keys))}")
    return [(name, row) for name, row in covers.items() if row["split"] == number]


def _items(name: str, row: dict[str, Any]) -> tuple[Item, ...]:
    pairs = list(zip(row["questions"], row["answers"], strict=True))
    if not all(isinstance(text, str) for pair in pairs for text in pair):
        raise TypeError("questions and answers must be texts")
    return tuple(Item(f"{name}-{n}", {"question": q, "answers": [a]}) for n, (q, a) in enumerate(pairs))


DATA_SET = OcrVqa()
