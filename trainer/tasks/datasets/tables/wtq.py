"""WikiTableQuestions 1.0.2 (Pasupat and Liang 2015): questions about tables of Wikipedia.

An answer is one value or several, joined by ` | `. The tagged files tell which number or date a true value means;
without them, `1000` is not equal to `1,000`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from schemas import UsageError
from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.answers.scores import denotation_scores
from trainer.tasks.answers.values import joined
from trainer.tasks.datasets.layout import require_layout
from trainer.tasks.datasets.tables.documents import Rows, table_document
from trainer.tasks.items import Item, ItemDocument

LAYOUT = "WikiTableQuestions: data/training.tsv and other splits, csv/NNN-csv/*.csv, and tagged/data/*.tagged"
TRAIN, DEV = "random-split-{}-train", "random-split-{}-dev"
OTHER_RANDOM_SPLITS = range(2, 6)
COLUMNS = ("id", "utterance", "context", "targetValue")
_ESCAPED = {"n": "\n", "p": "|", "\\": "\\"}


class WikiTableQuestions(QuestionSet):
    """Questions about tables. The metric is the denotation accuracy. The names of the splits are those of the files.

    The test split is `pristine-unseen-tables`. `training` is the union of each pair of random splits.
    """

    name = "wtq"
    splits = (
        *(TRAIN.format(1), DEV.format(1), "training", "pristine-unseen-tables", "pristine-seen-tables"),
        *(name.format(number) for number in OTHER_RANDOM_SPLITS for name in (TRAIN, DEV)),
    )
    validation = DEV.format(1)
    score = staticmethod(denotation_scores)
    metric = "accuracy"

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the tables of a split with all their questions."""
        require_layout(folder, LAYOUT, [f"data/{split}.tsv", "csv"])
        meant = _canonical_values(folder)
        tables: dict[str, list[Item]] = {}
        for row in _rows(folder / "data" / f"{split}.tsv", COLUMNS):
            item = _item(row, meant.get(row["id"], []))
            if len(item.annotation["canonical"]) not in (0, len(item.annotation["values"])):
                where = f"{folder}/tagged/data has another number of values for {row['id']} than {split}.tsv"
                raise UsageError(f"--data: {where}: download it again")
            tables.setdefault(row["context"], []).append(item)
        for file, items in tables.items():
            yield table_document(folder, file, items, read_table)


def _item(row: dict[str, str], canonical: list[str]) -> Item:
    values = _values(row["targetValue"])
    annotation = {"question": _unescaped(row["utterance"]), "answers": [joined(values)]}
    return Item(row["id"], {**annotation, "values": values, "canonical": canonical, "shown": values})


def _canonical_values(folder: Path) -> dict[str, list[str]]:
    """Returns the number, date or text that each true value means, by the id of the question."""
    rows = (row for path in sorted(folder.glob("tagged/data/*.tagged")) for row in _rows(path, ("id", "targetCanon")))
    return {row["id"]: _values(row["targetCanon"]) for row in rows}


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yields the rows of a file of questions. Quotes have no meaning, and only a newline ends a line.

    Raises:
        UsageError: the file has other columns.
    """
    names, *lines = (line.split("\t") for line in _text(path).removesuffix("\n").split("\n"))
    if not {*columns} <= {*names} or any(len(line) != len(names) for line in lines):
        raise UsageError(f"--data: {path} is not a table with the columns {', '.join(columns)}: download it again")
    yield from (dict(zip(names, line, strict=True)) for line in lines)


def _values(text: str) -> list[str]:
    return [_unescaped(value) for value in text.split("|")]


def _unescaped(text: str) -> str:
    return re.sub(r"\\([np\\])", lambda found: _ESCAPED[found[1]], text)


def read_table(path: Path) -> Rows:
    r"""Returns the rows of a CSV file of WikiTableQuestions: a quote in a cell is written as `\"`.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        return list(csv.reader(io.StringIO(_text(path), newline=""), doublequote=False, escapechar="\\"))
    except csv.Error as error:
        raise UsageError(f"--data: {path} is not a CSV file ({error}): download it again") from error


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig", errors="replace")


DATA_SET = WikiTableQuestions()
