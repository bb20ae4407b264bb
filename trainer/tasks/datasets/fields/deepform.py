"""DeepForm (Stray and Svetlichnaya 2020): five fields of invoices for political advertisements on television.

The manifest has no splits: documents are shared out by a hash of their ids, 7 to 1 to 2. The PDFs of its addresses are
gone; VRDU (Wang et al. 2023, `ad-buy-form`) has about 600 of them under the same names. Documents without a PDF are
left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from schemas import UsageError
from trainer.tasks.answers.fields import FieldSet, field_items, field_scores, given_values, pairs_by_document
from trainer.tasks.datasets.layout import expecting, find_files
from trainer.tasks.datasets.pages import pages_of
from trainer.tasks.datasets.shares import tenth_of
from trainer.tasks.items import Item, ItemDocument
from trainer.tasks.metrics.key_values import key_value_f1

MANIFEST = "fcc-data-2020-labeled-manifest.csv"
LAYOUT = f"DeepForm: {MANIFEST} and pdfs/*.pdf, both also in data/, the PDFs also in main/pdfs/ (as in VRDU)"
PDFS = "pdfs", "data/pdfs", "main/pdfs"
SHARES = {"train": range(7), "val": range(7, 8), "test": range(8, 10)}  # tenths
QUESTIONS = {
    "contract_num": "What is the contract number?",
    "advertiser": "Who is the advertiser?",
    "gross_amount": "What is the gross amount?",
    "flight_from": "When does the flight begin?",
    "flight_to": "When does the flight end?",
}
AMOUNTS, DATES = ("gross_amount",), ("flight_from", "flight_to")
DATE_FORMS = "%m/%d/%y", "%m/%d/%Y", "%m-%d-%y", "%m-%d-%Y", "%Y-%m-%d", "%b%d/%y", "%b%d/%Y", "%b%d%Y", "%B%d%Y"
_NOT_OF_NUMBERS, _NOT_OF_DATES = re.compile(r"[$,\s]"), re.compile(r"[,.\s]")


def deepform_scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Returns the scores of the values as they are written, and `f1_parsed`: amounts as numbers, dates as days."""
    keys = [item.annotation["key"] for item in items]
    true = [[parsed(key, text) for text in item.annotation["values"]] for key, item in zip(keys, items, strict=True)]
    found = [[parsed(key, text) for text in given_values(answer)] for key, answer in zip(keys, answers, strict=True)]
    scores = key_value_f1(pairs_by_document(items, true), pairs_by_document(items, found))
    return {**field_scores(items, answers), "f1_parsed": scores.f1}


def parsed(key: str, text: str) -> str:
    """Returns an amount as a number with two decimals, a date as YYYY-MM-DD, and any other text as it is."""
    if key in AMOUNTS:
        try:
            return f"{Decimal(_NOT_OF_NUMBERS.sub('', text)):.2f}"
        except InvalidOperation:
            return text
    if key in DATES:
        bare = _NOT_OF_DATES.sub("", text)
        for form in DATE_FORMS:
            try:
                return datetime.strptime(bare, form).date().isoformat()
            except ValueError:
                continue
    return text


class DeepForm(FieldSet):
    """Five keys of invoices. The metric compares values as they are written; `f1_parsed` is reported too."""

    name = "deepform"
    splits = tuple(SHARES)
    validation = "val"
    score = staticmethod(deepform_scores)

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the invoices of a split with a question per key."""
        manifest = find_files(folder, LAYOUT, MANIFEST, f"data/{MANIFEST}")[0]
        place = find_files(folder, LAYOUT, *(f"{place}/*.pdf" for place in PDFS))[0].parent.relative_to(folder)
        for name, values in _rows(manifest).items():
            file = f"{place}/{name}.pdf"
            if tenth_of(name) in SHARES[split] and (folder / file).is_file():
                yield ItemDocument(name, pages_of(folder, file), field_items(name, QUESTIONS, values))


def _rows(path: Path) -> dict[str, dict[str, list[str]]]:
    """Returns the values by key of each document, by its id. An empty cell is an absent key; the last row counts."""
    with expecting(path, "a table in UTF-8"), path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if missing := {"file_id", *QUESTIONS} - set(rows.fieldnames or ()):
            raise UsageError(f"--data: {path} has no column {', '.join(sorted(missing))}: expected {LAYOUT}")
        return {
            row["file_id"]: {key: [text] for key in QUESTIONS if (text := (row[key] or "").strip())} for row in rows
        }


DATA_SET = DeepForm()
