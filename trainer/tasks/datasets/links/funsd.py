"""FUNSD (Jaume et al. 2019): which question of a form belongs to which answer? The entities are given.

As in LayoutXLM (Xu et al. 2021), only the links from questions to answers count, and entities without words do not
exist. The files list a link at both of its entities.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from schemas import Tokenizer
from schemas.page_file import FilePage
from trainer.model.config import ModelConfig
from trainer.tasks.datasets.labels.funsd import FOLDERS, FORM, Form, form_files, read_form, words_of
from trainer.tasks.datasets.layout import expecting, read_json
from trainer.tasks.items import DataSet, Item, ItemDocument
from trainer.tasks.links.task import ANSWERS, LINKS, QUESTIONS, EntityLinks


class FunsdLinks(DataSet):
    """Links of forms. The metric is the F1 of the links."""

    name = "funsd-links"
    splits = tuple(FOLDERS)
    validation = ""

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the forms of a split."""
        for path, image in form_files(folder, split):
            with expecting(path, FORM):
                form = read_json(path)["form"]
                words, _ = read_form(form)
                annotation = {key: [value] for key, value in read_links(form).items()}
            yield ItemDocument(path.stem, (FilePage(image, words=tuple(words)),), (Item(path.stem, annotation),))

    def make_task(self, settings: Any, model: ModelConfig, tokenizer: Tokenizer, seed: int) -> EntityLinks:
        """Returns the linking of entities."""
        return EntityLinks(
            max_text_tokens=settings.max_text_tokens,
            reads_images=settings.reads_images,
            tokenizer=tokenizer,
            seed=seed,
        )


def read_links(form: Form) -> dict[str, list[list[int]]]:
    """Returns questions and answers with the indices of their words among those of `read_form`, and their links."""
    sides: dict[str, list[list[int]]] = {"question": [], "answer": []}
    numbers: dict[Any, tuple[str, int]] = {}
    index = count()
    for entity in form:
        words = [next(index) for _ in words_of(entity)]
        if words and (side := sides.get(entity["label"])) is not None:
            numbers[entity["id"]] = entity["label"], len(side)
            side.append(words)
    links = set()
    for start, end in (pair for entity in form for pair in entity["linking"]):
        (left, question), (right, answer) = (numbers.get(id, ("", -1)) for id in (start, end))
        if (left, right) == ("question", "answer"):
            links.add((question, answer))
    return {QUESTIONS: sides["question"], ANSWERS: sides["answer"], LINKS: sorted(map(list, links))}


DATA_SET = FunsdLinks()
