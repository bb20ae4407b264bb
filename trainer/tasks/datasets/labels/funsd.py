"""FUNSD (Jaume et al. 2019): entities of scanned forms. 149 forms for training, 50 for testing.

Licence of the data: non-commercial, for research and education.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.page_file import FilePage, GivenWord
from trainer.tasks.datasets.layout import read_json, require_layout
from trainer.tasks.items import Item, ItemDocument
from trainer.tasks.labels.data_set import LabelSet
from trainer.tasks.labels.scores import tags_of

FOLDERS = {"train": "training_data", "test": "testing_data"}
LAYOUT = "FUNSD: training_data/ and testing_data/, each with annotations/*.json and images/*.png"


Form = list[dict[str, Any]]  # the entities of a form, as in its file


class Funsd(LabelSet):
    """Entities of forms: questions, answers and headers. The metric is the F1 of entities."""

    name = "funsd"
    splits = tuple(FOLDERS)
    validation = ""
    labels = tags_of(["HEADER", "QUESTION", "ANSWER"])

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the forms of a split."""
        for name, image, form in read_forms(folder, split):
            words, labels = read_form(form)
            page = FilePage(image, words=tuple(words))
            yield ItemDocument(name, (page,), (Item(name, {"labels": [labels]}),))


def read_forms(folder: Path, split: str) -> Iterator[tuple[str, str, Form]]:
    """Yields the name, the file of the image and the entities of each form of a split, sorted by name.

    Raises:
        UsageError: the folder has another layout.
    """
    half = FOLDERS[split]
    require_layout(folder, LAYOUT, [f"{half}/annotations", f"{half}/images"])
    for path in sorted((folder / half / "annotations").glob("*.json")):
        yield path.stem, f"{half}/images/{path.stem}.png", read_json(path)["form"]


def read_form(form: Form) -> tuple[list[GivenWord], list[str]]:
    """Returns the words of a form and the BIO tag of each. Words without text are left out."""
    words: list[GivenWord] = []
    labels: list[str] = []
    for entity in form:
        kept = words_of(entity)
        name = entity["label"].upper()
        for position, word in enumerate(kept):
            words.append(GivenWord(word["text"], tuple(word["box"])))
            labels.append("O" if name == "OTHER" else f"{'I' if position else 'B'}-{name}")
    return words, labels


def words_of(entity: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the words of an entity that have text; an entity may have none."""
    return [word for word in entity["words"] if word["text"].strip()]


DATA_SET = Funsd()
