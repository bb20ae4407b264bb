"""Kleister-NDA (Stanislawek et al. 2021): parties, dates, jurisdiction and term of contracts of several pages.

The documents are PDFs with a text layer, which Folio reads; the texts in `in.tsv.xz` have no boxes and are not used.
Values are in a normal form (2014-05-20, 3_years) that often does not stand in the contract. The files write blanks of
values as underscores. The model learns them with blanks; the metric counts both as equal.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from pathlib import Path

from schemas import UsageError
from trainer.tasks.answers.fields import FieldSet, field_items
from trainer.tasks.datasets.layout import expecting, require_layout
from trainer.tasks.datasets.pages import pages_of
from trainer.tasks.items import ItemDocument

LAYOUT = "Kleister-NDA: train/in.tsv.xz, train/expected.tsv, likewise dev-0 and test-A, and documents/*.pdf"
HIDDEN = "test-A"  # the truth of this split is not published
QUESTIONS = {
    "effective_date": "What is the effective date?",
    "jurisdiction": "What is the jurisdiction?",
    "party": "Who are the parties?",
    "term": "What is the term?",
}


class KleisterNda(FieldSet):
    """Four keys of contracts, one of which (`party`) has several values."""

    name = "kleister-nda"
    splits = ("train", "dev-0", HIDDEN)
    validation = "dev-0"

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the contracts of a split with a question per key."""
        expected = [] if split == HIDDEN else [f"{split}/expected.tsv"]
        require_layout(folder, LAYOUT, [f"{split}/in.tsv.xz", *expected, "documents"])
        rows = _inputs(folder / split / "in.tsv.xz")
        truth = _truth(folder / split / "expected.tsv", len(rows))
        for (file, keys), values in zip(rows, truth, strict=True):
            questions = {key: QUESTIONS.get(key, f"What is the {key.replace('_', ' ')}?") for key in keys}
            items = field_items(Path(file).stem, questions, values)
            yield ItemDocument(Path(file).stem, pages_of(folder, f"documents/{file}"), items)


def _inputs(path: Path) -> list[tuple[str, list[str]]]:
    """Returns the file and the keys of each document. Quotes have no meaning, and only a newline ends a line."""
    try:
        with lzma.open(path, "rt", encoding="utf-8", newline="\n") as lines:
            rows = [line.split("\t", 2) for line in lines]
        return [(file, keys.split()) for file, keys, *_ in rows]
    except (OSError, ValueError, EOFError, lzma.LZMAError) as error:
        raise UsageError(f"--data: {path} is not a table of documents and keys ({error}): download it again") from error


def _truth(path: Path, documents: int) -> list[dict[str, list[str]] | None]:
    """Returns the values of each document by key; None for each if the truth is not published."""
    if not path.exists():
        return [None] * documents
    with expecting(path, "a text in UTF-8"):
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    if len(lines) != documents or not all("=" in pair for line in lines for pair in line.split()):
        raise UsageError(f"--data: {path} is not a line of key=value pairs for each document: download it again")
    return [_values(line) for line in lines]


def _values(line: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for pair in line.split():
        key, _, value = pair.partition("=")
        values.setdefault(key, []).append(value.replace("_", " "))
    return values


DATA_SET = KleisterNda()
