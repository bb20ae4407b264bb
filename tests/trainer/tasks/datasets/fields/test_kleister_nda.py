"""Kleister-NDA: a question per key about contracts of several pages."""

from __future__ import annotations

import lzma
from pathlib import Path

import pymupdf
import pytest

from schemas import UsageError
from tests.trainer.tasks.datasets.samples import SMALL, needs_small
from trainer.tasks.datasets.fields.kleister_nda import DATA_SET

KEYS = "effective_date jurisdiction party term"
TEXT = '\tone "quoted text\\n with \x0c and \x85\ttwo\tthree\tfour\n'
EXPECTED = (
    "effective_date=2014-05-20 jurisdiction=New_York party=A_Inc. party=B_LLC term=3_years\n"
    "jurisdiction=Utah party=Orchestra-Prémaman_Sa\n"
)


@pytest.fixture
def folder(tmp_path) -> Path:
    rows = "".join(f"{name}.pdf\t{KEYS}{TEXT}" for name in ("aa", "bb"))
    for split in ("train", "test-A"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "in.tsv.xz").write_bytes(lzma.compress(rows.encode()))
    (tmp_path / "train/expected.tsv").write_text(EXPECTED, encoding="utf-8")
    (tmp_path / "documents").mkdir()
    with pymupdf.open() as document:
        document.new_page()
        document.new_page()
        document.save(tmp_path / "documents/aa.pdf")
    return tmp_path


def test_each_key_of_a_contract_is_a_question(folder):
    first, second = DATA_SET.documents(folder, "train")
    assert [item.annotation["key"] for item in first.items] == KEYS.split()
    assert [item.annotation["answers"] for item in first.items] == [
        ["2014-05-20"],
        ["New York"],
        ["A Inc. | B LLC"],
        ["3 years"],
    ]
    answers = [item.annotation["answers"] for item in second.items]
    assert answers == [["None"], ["Utah"], ["Orchestra-Prémaman Sa"], ["None"]]


def test_all_pages_of_a_contract_are_read(folder):
    first, second = DATA_SET.documents(folder, "train")
    assert [(page.file, page.page) for page in first.pages] == [("documents/aa.pdf", 1), ("documents/aa.pdf", 2)]
    assert len(second.pages) == 1, "a file that is missing has one page, which cannot be used"


def test_the_truth_of_the_test_split_is_hidden(folder):
    first, _ = DATA_SET.documents(folder, "test-A")
    assert [item.annotation["answers"] for item in first.items] == [[]] * 4


def test_underscores_and_blanks_are_equal_in_scores(folder):
    items = [item for document in DATA_SET.documents(folder, "train") for item in document.items]
    answers = ["2014-05-20", "new york", "B LLC | A_Inc.", "3_years", "None", "Utah", "Orchestra-Prémaman Sa", "None"]
    scores = DATA_SET.score(items, answers)
    assert (scores["f1"], scores["f1_party"]) == (1, 1)
    assert scores["f1_cased"] == pytest.approx(6 / 7)


@pytest.mark.parametrize("expected", ["party=A\n", "party=A\nno pair\n"])
def test_another_table_of_values_is_refused(folder, expected):
    (folder / "train/expected.tsv").write_text(expected)
    with pytest.raises(UsageError, match=r"expected\.tsv is not a line of key=value pairs for each document"):
        list(DATA_SET.documents(folder, "train"))


@pytest.mark.parametrize("content", [b"text", lzma.compress(b"aa.pdf\n"), lzma.compress(b"aa.pdf\tkeys\n")[:40]])
def test_another_table_of_documents_is_refused(folder, content):
    (folder / "train/in.tsv.xz").write_bytes(content)
    with pytest.raises(UsageError, match=r"in\.tsv\.xz is not a table of documents and keys"):
        list(DATA_SET.documents(folder, "train"))


def test_another_folder_is_refused_with_what_was_expected_and_found(folder):
    with pytest.raises(UsageError, match=r"has no dev-0/in\.tsv\.xz: expected Kleister-NDA: .*; found documents/"):
        list(DATA_SET.documents(folder, "dev-0"))


@needs_small
def test_real_contracts_are_read(tmp_path):
    rows = (SMALL / "groundtruth/kleister_nda/labels.dev_small.tsv").read_text(encoding="utf-8").splitlines()
    files, expected = zip(*(row.split("\t") for row in rows), strict=True)
    (tmp_path / "dev-0").mkdir()
    (tmp_path / "dev-0/in.tsv.xz").write_bytes(lzma.compress("".join(f"{f}\t{KEYS}{TEXT}" for f in files).encode()))
    (tmp_path / "dev-0/expected.tsv").write_text("".join(f"{line}\n" for line in expected), encoding="utf-8")
    (tmp_path / "documents").symlink_to(SMALL / "pdfs/kleister-nda/documents")
    documents = list(DATA_SET.documents(tmp_path, "dev-0"))
    assert [f"{document.name}.pdf" for document in documents] == list(files)
    assert sum(len(document.pages) for document in documents) > len(documents), "contracts have several pages"
    items = [item for document in documents for item in document.items]
    assert sum(len(item.annotation["values"]) for item in items) == sum(len(line.split()) for line in expected)
    assert DATA_SET.score(items, [item.annotation["answers"][0] for item in items])["f1"] == 1
