"""FUNSD (Jaume et al. 2019): entities of scanned forms. 149 forms for training, 50 for testing.

Licence of the data: non-commercial, for research and education.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas import Tokenizer
from schemas.page_file import FilePage, GivenWord
from trainer.model.config import ModelConfig
from trainer.tasks.datasets.layout import read_json, require_layout
from trainer.tasks.items import DataSet, Item, ItemDocument
from trainer.tasks.labels.scores import entity_scores, tags_of
from trainer.tasks.labels.task import WordLabels

FOLDERS = {"train": "training_data", "test": "testing_data"}
LAYOUT = "FUNSD: training_data/ and testing_data/, each with annotations/*.json and images/*.png"


class Funsd(DataSet):
    """Entities of forms: questions, answers and headers."""

    name = "funsd"
    splits = tuple(FOLDERS)
    validation = ""

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the forms of a split."""
        half = FOLDERS[split]
        require_layout(folder, LAYOUT, [f"{half}/annotations", f"{half}/images"])
        for path in sorted((folder / half / "annotations").glob("*.json")):
            words, labels = read_form(read_json(path)["form"])
            page = FilePage(f"{half}/images/{path.stem}.png", words=tuple(words))
            yield ItemDocument(path.stem, (page,), (Item(path.stem, {"labels": [labels]}),))

    def make_task(self, settings: Any, model: ModelConfig, tokenizer: Tokenizer, seed: int) -> WordLabels:
        """Returns the labelling of words. The metric is the F1 of entities."""
        return WordLabels(
            tags_of(["HEADER", "QUESTION", "ANSWER"]),
            entity_scores,
            "f1",
            max_text_tokens=settings.max_text_tokens,
            reads_images=settings.reads_images,
            tokenizer=tokenizer,
            seed=seed,
        )


def read_form(form: list[dict[str, Any]]) -> tuple[list[GivenWord], list[str]]:
    """Returns the words of a form and the BIO tag of each. Words without text are left out."""
    words: list[GivenWord] = []
    labels: list[str] = []
    for entity in form:
        kept = [word for word in entity["words"] if word["text"].strip()]
        name = entity["label"].upper()
        for position, word in enumerate(kept):
            words.append(GivenWord(word["text"], tuple(word["box"])))
            labels.append("O" if name == "OTHER" else f"{'I' if position else 'B'}-{name}")
    return words, labels


DATA_SET = Funsd()
