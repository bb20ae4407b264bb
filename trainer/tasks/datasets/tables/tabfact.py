"""TabFact (Chen et al. 2020): does a statement hold, according to a table of Wikipedia?

The statement takes the place of the question, and the answer is `true` or `false`. Statements are read from the files
as they were collected, else from the tokenized ones, whose words are lemmas. The caption is printed above the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from schemas import UsageError
from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.datasets.layout import find_files, read_json, require_layout
from trainer.tasks.datasets.tables.documents import Rows, table_document
from trainer.tasks.items import Item, ItemDocument
from trainer.tasks.metrics.accuracy import accuracy

LAYOUT = (
    "TabFact: data/train_id.json, data/all_csv/*.html.csv, and collected_data/r1_training_all.json with "
    "r2_training_all.json or tokenized_data/train_examples.json; likewise val and test"
)
COLLECTED = "collected_data/r[12]_training_all.json"
WORDS = ("false", "true")  # by label
SUBSETS = ("simple", "complex", "small")  # of the test tables
SEPARATOR = "#"  # of cells; nothing is quoted


class Statements(NamedTuple):
    """The statements about a table: text and label (1: it holds), and the caption of the table."""

    rows: list[tuple[str, int]]
    caption: str


def statement_scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Returns `accuracy`, and `accuracy_<subset>` for each subset of the test tables that the items have.

    An answer that is neither `true` nor `false` is wrong.
    """
    rows = [(item.annotation, answer.strip().lower()) for item, answer in zip(items, answers, strict=True)]
    scores = {"accuracy": _accuracy(rows)}
    for subset in SUBSETS:
        if chosen := [row for row in rows if subset in row[0]["subsets"]]:
            scores[f"accuracy_{subset}"] = _accuracy(chosen)
    return scores


def _accuracy(rows: Sequence[tuple[Any, str]]) -> float:
    return accuracy([annotation["answers"][0] for annotation, _ in rows], [answer for _, answer in rows])


class TabFact(QuestionSet):
    """Statements about tables. The metric is the share of right answers."""

    name = "tabfact"
    splits = ("train", "val", "test")
    validation = "val"
    score = staticmethod(statement_scores)
    metric = "accuracy"

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the tables of a split with all their statements."""
        require_layout(folder, LAYOUT, [f"data/{split}_id.json", "data/all_csv"])
        statements = _statements(find_files(folder, LAYOUT, COLLECTED, f"tokenized_data/{split}_examples.json"))
        subsets = {name: _ids(folder / f"data/{name}_{split}_id.json", required=False) for name in SUBSETS}
        for table in dict.fromkeys(_ids(folder / f"data/{split}_id.json")):
            if table in statements:
                member = [name for name, ids in subsets.items() if table in ids]
                items = _items(table, statements[table].rows, member)
                caption = statements[table].caption
                yield table_document(folder, f"data/all_csv/{table}", items, read_table, caption)


def _ids(path: Path, required: bool = True) -> list[str]:
    """Returns the names of the tables that a file lists; none if a file that is not required is missing."""
    ids = read_json(path) if required or path.exists() else []
    if not isinstance(ids, list):
        raise UsageError(f"--data: {path} is not a list of tables: download it again")
    return ids


def _statements(paths: Sequence[Path]) -> dict[str, Statements]:
    """Returns the statements of all tables of some files, by the name of the table.

    Raises:
        UsageError: a file has another form.
    """
    tables: dict[str, Statements] = {}
    for path in paths:
        try:
            for table, (texts, labels, caption, *_) in read_json(path).items():
                found = tables.setdefault(table, Statements([], caption))
                if unknown := set(labels) - {0, 1}:
                    raise ValueError(f"{table} has the label {unknown.pop()!r}")
                found.rows.extend((str(text), int(label)) for text, label in zip(texts, labels, strict=True))
        except (AttributeError, TypeError, ValueError) as error:
            raise UsageError(f"--data: {path} is not a file of statements ({error}): download it again") from error
    return tables


def _items(table: str, rows: Sequence[tuple[str, int]], subsets: list[str]) -> list[Item]:
    """Returns the statements of a table. No text of the page shows whether they hold."""
    return [
        Item(f"{table}-{number}", {"question": text, "answers": [WORDS[label]], "shown": [], "subsets": subsets})
        for number, (text, label) in enumerate(rows)
    ]


def read_table(path: Path) -> Rows:
    """Returns the rows of a table of TabFact."""
    lines = path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    return [line.split(SEPARATOR) for line in lines if line.strip()]


DATA_SET = TabFact()
