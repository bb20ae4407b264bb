"""FUNSD (Jaume et al. 2019): entities of scanned forms. 149 forms for training, 50 for testing.

Licence of the data: non-commercial, for research and education.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.page_file import FilePage, GivenWord
from trainer.tasks.datasets.layout import expecting, find_files, read_json, require_layout
from trainer.tasks.items import Item, ItemDocument
from trainer.tasks.labels.data_set import LabelSet
from trainer.tasks.labels.scores import tags_of

FOLDERS = {"train": "training_data", "test": "testing_data"}
LAYOUT = "FUNSD: training_data/ and testing_data/, each with annotations/*.json and images/*.png"
FORM = "a form of FUNSD"

Form = list[dict[str, Any]]  # the entities of a form, as in its file


class Funsd(LabelSet):
    """Entities of forms: questions, answers and headers. The metric is the F1 of entities."""

    name = "funsd"
    splits = tuple(FOLDERS)
    validation = ""
    labels = tags_of(["HEADER", "QUESTION", "ANSWER"])

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the forms of a split."""
        for path, image in form_files(folder, split):
            with expecting(path, FORM):
                words, labels = read_form(read_json(path)["form"])
            page = FilePage(image, words=tuple(words))
            yield ItemDocument(path.stem, (page,), (Item(path.stem, {"labels": [labels]}),))


def form_files(folder: Path, split: str) -> Iterator[tuple[Path, str]]:
    """Yields the file of each form of a split, sorted by name, and the image of the form within `folder`.

    Raises:
        UsageError: the folder has another layout.
    """
    half = FOLDERS[split]
    require_layout(folder, LAYOUT, [f"{half}/annotations", f"{half}/images"])
    for path in find_files(folder, LAYOUT, f"{half}/annotations/*.json"):
        yield path, f"{half}/images/{path.stem}.png"


def read_form(form: Form) -> tuple[list[GivenWord], list[str]]:
    """Returns the words of a form and the BIO tag of each. Words without text are left out."""
    words: list[GivenWord] = []
    labels: list[str] = []
    for entity in form:
        kept = words_of(entity)
        name = entity["label"].upper()
        for position, word in enumerate(kept):
            x0, y0, x1, y1 = word["box"]
            words.append(GivenWord(word["text"], (x0, y0, x1, y1)))
            labels.append("O" if name == "OTHER" else f"{'I' if position else 'B'}-{name}")
    return words, labels


def words_of(entity: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the words of an entity that have text; an entity may have none."""
    return [word for word in entity["words"] if word["text"].strip()]


DATA_SET = Funsd()
