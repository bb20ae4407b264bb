"""DeepForm: five fields of invoices, shared out into splits by their ids."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from schemas import UsageError
from tests.trainer.tasks.datasets.samples import SMALL, needs_small
from trainer.tasks.answers.fields import field_items
from trainer.tasks.datasets.fields.deepform import DATA_SET, QUESTIONS, parsed

COLUMNS = ["file_id", "title", *QUESTIONS, "issues", "url"]
NAMES = [f"{number:03}-invoice" for number in range(40)]


def write_manifest(path: Path, columns: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    row = {
        "contract_num": "17",
        "advertiser": "Smith, for Mayor",
        "gross_amount": "$1,880.00",
        "flight_from": "02/03/20",
    }
    with path.open("w", newline="") as file:
        rows = csv.DictWriter(file, columns, extrasaction="ignore", restval="")
        rows.writeheader()
        rows.writerows({"file_id": name, **row} for name in NAMES)


@pytest.fixture
def folder(tmp_path) -> Path:
    write_manifest(tmp_path / "data/fcc-data-2020-labeled-manifest.csv", COLUMNS)
    (tmp_path / "main/pdfs").mkdir(parents=True)
    for name in NAMES[1:]:
        (tmp_path / f"main/pdfs/{name}.pdf").write_bytes(b"")
    return tmp_path


def names(folder: Path, split: str) -> list[str]:
    return [document.name for document in DATA_SET.documents(folder, split)]


def test_each_invoice_with_a_pdf_is_in_one_split(folder):
    parts = [names(folder, split) for split in DATA_SET.splits]
    assert sorted(name for part in parts for name in part) == NAMES[1:]
    assert len(parts[0]) > len(parts[2]) > 0


def test_each_key_is_a_question_and_an_empty_cell_an_absent_key(folder):
    document = next(DATA_SET.documents(folder, "train"))
    assert [item.annotation["answers"] for item in document.items] == [
        ["17"],
        ["Smith, for Mayor"],
        ["$1,880.00"],
        ["02/03/20"],
        ["None"],
    ]
    assert document.pages[0].file == f"main/pdfs/{document.name}.pdf"


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("gross_amount", "$1,880.00", "1880.00"),
        ("gross_amount", "14,625", "14625.00"),
        ("gross_amount", "many", "many"),
        ("flight_from", "02/03/20", "2020-02-03"),
        ("flight_to", "Apr16/20", "2020-04-16"),
        ("flight_to", "April 16, 2020", "2020-04-16"),
        ("flight_to", "soon", "soon"),
        ("contract_num", "1,880", "1,880"),
    ],
)
def test_amounts_and_dates_are_parsed(key, text, expected):
    assert parsed(key, text) == expected


def test_values_are_compared_as_written_and_parsed():
    values = {"gross_amount": ["$1,880.00"], "flight_from": ["02/03/20"], "advertiser": ["Smith"]}
    items = field_items("a", QUESTIONS, values)
    scores = DATA_SET.score(items, ["None", "SMITH", "1880", "Feb 3, 2020", "None"])
    assert (scores["f1"], scores["f1_parsed"]) == (pytest.approx(1 / 3), 1)


def test_another_folder_is_refused_with_what_was_expected_and_found(folder, tmp_path):
    write_manifest(folder / "fcc-data-2020-labeled-manifest.csv", ["file_id", "advertiser", "contract_num"])
    with pytest.raises(UsageError, match="has no column flight_from, flight_to, gross_amount: expected DeepForm"):
        names(folder, "train")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"has no fcc-data-2020-labeled-manifest\.csv or .*; found an empty folder"):
        names(tmp_path / "empty", "train")


def test_a_manifest_that_is_not_utf_8_is_refused(folder):
    path = folder / "data/fcc-data-2020-labeled-manifest.csv"
    path.write_bytes(path.read_bytes().replace(b"Smith", b"Sm\xefth"))
    with pytest.raises(UsageError, match=r"manifest\.csv is not a table in UTF-8"):
        names(folder, "train")


@needs_small
def test_real_invoices_are_read(tmp_path):
    manifest = SMALL / "groundtruth/deepform_fcc2020/labels.dev_small.csv"
    (tmp_path / "fcc-data-2020-labeled-manifest.csv").symlink_to(manifest)
    (tmp_path / "main").symlink_to(SMALL / "pdfs/vrdu/ad-buy-form/main")
    documents = [document for split in DATA_SET.splits for document in DATA_SET.documents(tmp_path, split)]
    assert len(documents) == len(manifest.read_text().splitlines()) - 1
    assert all(page.page == number for document in documents for number, page in enumerate(document.pages, 1))
    items = [item for document in documents for item in document.items]
    true = [(item.annotation["key"], text) for item in items for text in item.annotation["values"]]
    assert all(re.fullmatch(r"\d+\.\d\d", parsed(*pair)) for pair in true if pair[0] == "gross_amount")
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", parsed(*pair)) for pair in true if pair[0].startswith("flight"))
    assert DATA_SET.score(items, [item.annotation["answers"][0] for item in items])["f1"] == 1
