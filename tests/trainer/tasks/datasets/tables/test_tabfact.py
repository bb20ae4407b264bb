"""TabFact in its official layout: tables, statements as collected or tokenized, and the subsets of the test tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import UsageError
from schemas.page_file import FilePage
from schemas.table_file import TextTable
from tests.trainer.tasks.datasets.files import write_json
from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.data.items.pages import open_split
from trainer.settings.data import DataSettings
from trainer.tasks.datasets.tables.tabfact import DATA_SET
from trainer.tasks.items import Item, ItemDocument

FIRST, SECOND, MISSING = "1-1-1.html.csv", "2-2-2.html.csv", "2-3-3.html.csv"


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "data/all_csv").mkdir(parents=True)
    (tmp_path / "data/all_csv" / FIRST).write_text('player#"score#\nann#3#x y\n\nbob#4\n', encoding="utf-8")
    (tmp_path / "data/all_csv" / SECOND).write_text("a#b\n1#2\n", encoding="utf-8")
    write_json(tmp_path / "data/test_id.json", [SECOND, FIRST, MISSING])
    write_json(tmp_path / "data/simple_test_id.json", [FIRST])
    write_json(tmp_path / "data/complex_test_id.json", [SECOND])
    write_json(tmp_path / "tokenized_data/test_examples.json", {FIRST: [["ann score 3 point"], [1], "score of player"]})
    return tmp_path


def collect(folder: Path) -> None:
    write_json(folder / "collected_data/r1_training_all.json", {FIRST: [["ann scored 3 points"], [1], "scores"]})
    both = {
        FIRST: [["bob lost", "bob won"], [0, 1], "scores"],
        SECOND: [["a is 2"], [0], ""],
        MISSING: [["x"], [1], ""],
    }
    write_json(folder / "collected_data/r2_training_all.json", both)


def documents_of(folder: Path, split: str = "test") -> dict[str, ItemDocument]:
    return {document.name.rpartition("/")[2]: document for document in DATA_SET.documents(folder, split)}


def statements(document: ItemDocument) -> list[tuple[str, list[str]]]:
    return [(item.annotation["question"], item.annotation["answers"]) for item in document.items]


def test_a_statement_is_asked_and_the_answer_is_true_or_false(folder):
    collect(folder)
    assert statements(documents_of(folder)[SECOND]) == [("a is 2", ["false"])]


def test_statements_of_both_rounds_of_collection_are_read(folder):
    collect(folder)
    document = documents_of(folder)[FIRST]
    answers = [("ann scored 3 points", ["true"]), ("bob lost", ["false"]), ("bob won", ["true"])]
    assert statements(document) == answers
    assert [item.id for item in document.items] == [f"{FIRST}-0", f"{FIRST}-1", f"{FIRST}-2"]


def test_tokenized_statements_are_read_where_the_collected_ones_are_missing(folder):
    documents = documents_of(folder)
    assert list(documents) == [FIRST], "tables without statements are left out"
    assert statements(documents[FIRST]) == [("ann score 3 point", ["true"])]


def test_cells_are_separated_by_number_signs_and_quotes_are_text(folder):
    collect(folder)
    document = documents_of(folder)[FIRST]
    assert document.table == TextTable(("player", '"score', ""), (("ann", "3", "x y"), ("bob", "4")), "scores")


def test_a_table_that_was_not_downloaded_has_a_page_that_cannot_be_used(folder):
    collect(folder)
    document = documents_of(folder)[MISSING]
    assert (document.table, document.pages) == (None, (FilePage(f"data/all_csv/{MISSING}", words=()),))


def test_answers_are_scored_in_all_and_by_subset(folder):
    collect(folder)
    items = [item for document in DATA_SET.documents(folder, "test") for item in document.items]
    right = [item.annotation["answers"][0] for item in items]
    assert DATA_SET.score(items, right) == {"accuracy": 1.0, "accuracy_simple": 1.0, "accuracy_complex": 1.0}
    found = ["false", " TRUE ", "true", "yes", ""]
    assert DATA_SET.score(items, found) == {"accuracy": 0.4, "accuracy_simple": 1 / 3, "accuracy_complex": 1.0}
    assert DATA_SET.score([Item("a", {"answers": ["true"], "subsets": []})], ["true"]) == {"accuracy": 1.0}


def test_another_folder_is_refused_with_what_was_expected_and_found(folder):
    with pytest.raises(UsageError, match=r"has no data/train_id\.json: expected TabFact: "):
        documents_of(folder, "train")
    write_json(folder / "tokenized_data/test_examples.json", {FIRST: [["one", "two"], [1], "scores"]})
    with pytest.raises(UsageError, match=r"test_examples\.json is not a file of statements"):
        documents_of(folder)
    (folder / "tokenized_data/test_examples.json").unlink()
    with pytest.raises(UsageError, match=r"has no collected_data/.* or tokenized_data/test_examples\.json: expected "):
        documents_of(folder)


def test_the_words_of_tables_are_on_the_pages_that_train_the_model(folder, tmp_path):
    collect(folder)
    split = open_split(DATA_SET, folder, "test", "t5", DataSettings(cache_dir=str(tmp_path / "cache")))
    pages = split.of(lambda _: True)
    read = {pages.sample(row).item.id: pages.sample(row).page() for row in range(len(pages))}
    assert read.keys() == {f"{SECOND}-0", *(f"{FIRST}-{number}" for number in range(3))}
    words = [word.text for word in read[f"{FIRST}-0"].words]
    assert words == ["scores", "player", '"score', "ann", "3", "x", "y", "bob", "4"]
    assert [item.id for item, row in pages.listed if row is None] == [f"{MISSING}-0"]


def test_a_label_besides_true_and_false_is_refused(folder):
    write_json(folder / "tokenized_data/test_examples.json", {FIRST: [["a", "b"], [1, 2], ""]})
    with pytest.raises(UsageError, match=rf"test_examples\.json is not a file of statements \({FIRST} has the label 2"):
        documents_of(folder)


@needs_samples
def test_real_statements_are_true_about_as_often_as_false():
    documents = documents_of(SAMPLES / "tabfact", "val")
    assert len(documents) == 1396 and all(document.table for document in documents.values())
    answers = [item.annotation["answers"][0] for document in documents.values() for item in document.items]
    assert len(answers) == 10_529
    assert 0.49 < answers.count("true") / len(answers) < 0.52
