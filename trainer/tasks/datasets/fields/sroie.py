"""SROIE, task 3 (Huang et al. 2019): company, date, address and total of scanned receipts.

The words come from the box files of the data set, which have a text line with its four corners in each row. A line is
cut at its blanks when the corpus is built. The truth of the test split is not in the download of the receipts; where
its key files lie beside them, the receipts with a key file are used. Licence of the data: CC-BY-4.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from schemas import UsageError
from schemas.page_file import FilePage, GivenWord
from trainer.tasks.answers.fields import FieldSet, Pairs, field_items, given_values, pairs_by_document
from trainer.tasks.datasets.layout import find_files
from trainer.tasks.datasets.ocr_files import hull_of_corners
from trainer.tasks.datasets.pages import image_of
from trainer.tasks.items import Item, ItemDocument
from trainer.tasks.metrics.sroie import Fields, sroie_scores

LAYOUT = (
    "SROIE: 0325updated.task1train(626p)/ with X*.jpg and X*.txt, and 0325updated.task2train(626p)/X*.txt; or train/ "
    "with img/, box/ and entities/; or data/ with img/*.jpg, box/*.csv and key/*.json"
)
QUESTIONS = {
    "company": "What is the company?",
    "date": "What is the date?",
    "address": "What is the address?",
    "total": "What is the total?",
}
CORNERS = 8  # numbers in front of the text of a row; the text may hold commas
_COPY = re.compile(r"\(\d+\)$")  # the download has some receipts twice, the second time as `X51005230605(1)`


class Places(NamedTuple):
    """Patterns of the folders of a split. The characters `&`, `_` and brackets differ between downloads."""

    images: str
    boxes: str
    keys: str


PLACES = {
    "train": (
        Places("*task1train*", "*task1train*", "*task2train*"),
        Places("train/img", "train/box", "train/entities"),
        Places("data/img", "data/box", "data/key"),
    ),
    "test": (Places("task1?2?test*", "text?task1?2?test*", "task3*"), Places("test/img", "test/box", "test/entities")),
}


def receipt_scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Returns `f1`, `precision`, `recall` of equal texts, `f1_normalized` of texts in lower case, `f1_<key>`."""
    gold = pairs_by_document(items, [item.annotation["values"] for item in items])
    found = pairs_by_document(items, [given_values(answer) for answer in answers])
    scores = sroie_scores(_fields(gold), _fields(found))
    raw = scores["raw"]
    return {
        "f1": raw.f1,
        "precision": raw.precision,
        "recall": raw.recall,
        "f1_normalized": scores["normalized"].f1,
        **{f"f1_{key}": sroie_scores(_fields(gold, key), _fields(found, key))["raw"].f1 for key in QUESTIONS},
    }


def _fields(documents: Sequence[Pairs], only: str = "") -> list[Fields]:
    """Returns the text by key of each document; `only` restricts them to one key."""
    return [{key: text for key, text in pairs if only in ("", key)} for pairs in documents]


class Sroie(FieldSet):
    """Four keys of receipts. The metric is the F1 of texts that equal the true ones."""

    name = "sroie"
    splits = tuple(PLACES)
    validation = ""
    score = staticmethod(receipt_scores)

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the receipts of a split with a question per key. Those without a box file are read by Folio."""
        images, boxes, keys = _folders(folder, split)
        known = {path.stem: path for path in (keys.iterdir() if keys else ()) if path.suffix in (".txt", ".json")}
        if split == "train" and not known:
            raise UsageError(f"--data {folder} has no key files for {split}: expected {LAYOUT}")
        listed = {path.stem: path for path in boxes.iterdir() if path.suffix in (".txt", ".csv")}
        for name in sorted(name for name in known or listed if not _COPY.search(name)):
            values = _values(known[name]) if known else None
            image = f"{images}/{name}.jpg"
            page = _page(listed[name], image_of(folder, image)) if name in listed else FilePage(image)
            yield ItemDocument(name, (page,), field_items(name, QUESTIONS, values))


def _folders(folder: Path, split: str) -> tuple[Path, Path, Path | None]:
    """Returns the folder of images within `folder`, and those of box and key files; None: there are no key files."""
    first = find_files(folder, LAYOUT, *(f"{places.boxes}/*" for places in PLACES[split]))[0]
    places = next(places for places in PLACES[split] if first.relative_to(folder).match(f"{places.boxes}/*"))
    images = next((path for path in sorted(folder.glob(places.images)) if path.is_dir()), first.parent)
    keys = next((path for path in sorted(folder.glob(places.keys)) if path.is_dir()), None)
    return images.relative_to(folder), first.parent, keys


def _page(path: Path, image: str) -> FilePage:
    """Returns a page with the lines of a box file. Without an image, the page ends at its last line."""
    lines = tuple(_line(row, path) for row in _text(path).split("\n") if row.strip())
    size = (max(line.box[2] for line in lines), max(line.box[3] for line in lines)) if lines and not image else None
    return FilePage(image, words=lines, size=size)


def _line(row: str, path: Path) -> GivenWord:
    parts = row.strip().split(",", CORNERS)
    try:
        return GivenWord(parts[CORNERS], hull_of_corners([float(number) for number in parts[:CORNERS]]))
    except (IndexError, ValueError) as error:
        raise UsageError(f"--data: {path} is not a box file, {row.strip()!r}: expected x1,y1,...,x4,y4,text") from error


def _values(path: Path) -> dict[str, list[str]]:
    """Returns the value of each key that a receipt has."""
    try:
        values = json.loads(_text(path))
        return {key: [text] for key in QUESTIONS if (text := values.get(key, "").strip())}
    except (ValueError, AttributeError) as error:
        raise UsageError(f"--data: {path} is not a file of keys ({error}): download it again") from error


def _text(path: Path) -> str:
    """Returns the text of a file. Most are UTF-8, some are Latin-1."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


DATA_SET = Sroie()
