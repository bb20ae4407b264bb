"""WikiTableQuestions in its official layout: escapes, quotes, lists of values, and what the true values mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import UsageError
from schemas.page_file import FilePage
from schemas.table_file import TextTable
from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.tasks.datasets.tables.wtq import DATA_SET
from trainer.tasks.items import Item

QUESTIONS = r"""id	utterance	context	targetValue
nt-0	who wrote "emma"?	csv/200-csv/1.csv	Jane\nAusten
nt-1	which titles?	csv/200-csv/2.csv	a\pb|c:\\notes
nt-2	how many copies?	csv/200-csv/1.csv	1,000
nt-3	where is it?	csv/204-csv/9.csv	Bath
"""
TAGGED = """id	utterance	targetValue	targetCanon	targetCanonType
nt-2	how many copies?	1,000	1000.0	number
"""
TABLE = r""""Title","Written
by","Copies"
"\"Emma\", a novel","Jane Austen","1,000"
"back\\slash","","¾"
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, text in {
        "data/training.tsv": QUESTIONS,
        "data/random-split-1-dev.tsv": QUESTIONS.splitlines()[0] + "\n",
        "tagged/data/training.tagged": TAGGED,
        "csv/200-csv/1.csv": TABLE,
        "csv/200-csv/2.csv": '"a"\n"b"\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def items_of(folder: Path) -> dict[str, Item]:
    return {item.id: item for document in DATA_SET.documents(folder, "training") for item in document.items}


def test_a_table_is_a_document_with_all_its_questions(folder):
    documents = list(DATA_SET.documents(folder, "training"))
    assert [document.name for document in documents] == ["csv/200-csv/1.csv", "csv/200-csv/2.csv", "csv/204-csv/9.csv"]
    assert [[item.id for item in document.items] for document in documents] == [["nt-0", "nt-2"], ["nt-1"], ["nt-3"]]


def test_a_backslash_stands_before_quotes_and_backslashes_of_cells_which_may_have_several_lines(folder):
    first = next(DATA_SET.documents(folder, "training"))
    rows = (('"Emma", a novel', "Jane Austen", "1,000"), ("back\\slash", "", "¾"))
    assert first.table == TextTable(("Title", "Written\nby", "Copies"), rows)
    assert first.pages == ()


def test_a_table_that_was_not_downloaded_has_a_page_that_cannot_be_used(folder):
    *_, last = DATA_SET.documents(folder, "training")
    assert (last.table, last.pages) == (None, (FilePage("csv/204-csv/9.csv", words=()),))


def test_escapes_of_questions_and_values_are_replaced_after_the_values_are_separated(folder):
    items = items_of(folder)
    assert items["nt-0"].annotation["question"] == 'who wrote "emma"?'
    assert items["nt-0"].annotation["values"] == ["Jane\nAusten"]
    assert items["nt-1"].annotation["values"] == ["a|b", "c:\\notes"]
    assert items["nt-1"].annotation["answers"] == ["a||b | c:\\notes"]


def test_the_tagged_files_say_what_a_value_means(folder):
    items = items_of(folder)
    assert items["nt-2"].annotation["canonical"] == ["1000.0"]
    assert items["nt-0"].annotation["canonical"] == []
    assert DATA_SET.score([items["nt-2"]], ["1000"]) == {"accuracy": 1.0, "exact": 0.0}


def test_values_of_an_answer_are_right_in_any_order_but_only_all_of_them():
    annotation = {"question": "q", "answers": ["b | A"], "values": ["b", "A"], "canonical": []}
    items = [Item(str(number), annotation) for number in range(5)]
    scores = DATA_SET.score(items, ["b | A", "a|b", " a | b | ", "b", "a b"])
    assert scores == {"accuracy": 0.6, "exact": 0.2}
    assert DATA_SET.metric == "accuracy"


def test_a_split_is_named_as_its_file_and_may_be_empty(folder):
    assert list(DATA_SET.documents(folder, "random-split-1-dev")) == []
    assert DATA_SET.validation == "random-split-1-dev"
    assert {"pristine-unseen-tables", "random-split-5-dev"} <= {*DATA_SET.splits}


def test_another_folder_is_refused_with_what_was_expected_and_found(folder):
    with pytest.raises(UsageError, match=r"has no data/pristine-unseen-tables\.tsv: expected WikiTableQuestions: "):
        list(DATA_SET.documents(folder, "pristine-unseen-tables"))
    (folder / "data/training.tsv").write_text("id\tutterance\n1\twho?\n")
    with pytest.raises(UsageError, match=r"training\.tsv is not a table with the columns id, utterance, context"):
        list(DATA_SET.documents(folder, "training"))
    (folder / "data/training.tsv").write_text(QUESTIONS + "nt-4\tshort row\n")
    with pytest.raises(UsageError, match=r"training\.tsv is not a table with the columns"):
        list(DATA_SET.documents(folder, "training"))


def test_another_number_of_canonical_values_is_refused(folder):
    path = folder / "tagged/data/training.tagged"
    path.write_text(path.read_text().replace("1000.0", "1000.0|2"))
    with pytest.raises(UsageError, match=r"tagged/data has another number of values for nt-2 than training\.tsv"):
        items_of(folder)


@needs_samples
def test_real_tables_have_rows_of_one_length_without_leftover_escapes():
    documents = list(DATA_SET.documents(SAMPLES / "wtq", "random-split-1-dev"))
    assert sum(len(document.items) for document in documents) == 2831
    tables = [document.table for document in documents if document.table]
    assert len(tables) > 200
    for table in tables:
        assert {len(row) for row in table.rows} == {len(table.header)}
        assert not any('\\"' in text for row in table.rows for text in row)
