"""CORD-r has a box per character: words are runs of characters without a blank, with the label of their entity."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas import UsageError
from tests.trainer.tasks.datasets.samples import SMALL, needs_small
from trainer.tasks.datasets.labels.cord_r import DATA_SET, read_receipt


def receipt(text: str, entities: list[tuple[str, list[int]]]) -> dict:
    characters = [{"id": i, "text": sign, "box": [10 * i, 5, 10 * i + 8, 15]} for i, sign in enumerate(text)]
    labelled = [{"entity_id": n, "label": label, "word_idx": ids} for n, (label, ids) in enumerate(entities)]
    return {"img": {"width": 300, "height": 40}, "document": [{"words": characters}], "label_entities": labelled}


def test_words_are_cut_at_blanks_and_labelled_by_entity():
    words, labels = read_receipt(receipt("2 ICE TEA 9.00", [("menu.cnt", [0]), ("menu.nm", [2, 3, 4, 5, 6, 7, 8])]))
    assert [word.text for word in words] == ["2", "ICE", "TEA", "9.00"]
    assert labels == ["B-menu.cnt", "B-menu.nm", "I-menu.nm", "O"]
    assert words[1].box == (20, 5, 48, 15)


def test_the_receipts_of_a_split_are_pages_without_an_image(tmp_path):
    (tmp_path / "jsons").mkdir()
    for name in ("train_0001", "train_0000", "valid_0000"):
        (tmp_path / f"jsons/{name}.json").write_text(json.dumps(receipt("A B", [("menu.nm", [0])])))
    first, second = DATA_SET.documents(tmp_path, "train")
    assert (first.name, second.name) == ("train_0000", "train_0001")
    [page] = first.pages
    assert (page.file, page.size) == ("", (300, 40))
    assert first.items[0].annotation == {"labels": [["B-menu.nm", "O"]]}


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"has no jsons/train_\*\.json: expected CORD-r: .*; found an empty folder"):
        list(DATA_SET.documents(tmp_path, "train"))
    with pytest.raises(UsageError, match="is not a folder"):
        list(DATA_SET.documents(Path("absent"), "train"))


@pytest.mark.parametrize("key", ["img", "document", "label_entities"])
def test_a_receipt_without_a_key_is_refused_by_its_file(tmp_path, key):
    (tmp_path / "jsons").mkdir()
    whole = receipt("A B", [("menu.nm", [0])])
    del whole[key]
    (tmp_path / "jsons/train_0000.json").write_text(json.dumps(whole))
    with pytest.raises(UsageError, match=r"train_0000\.json is not a receipt of CORD-r .*download it again"):
        list(DATA_SET.documents(tmp_path, "train"))


@needs_small
def test_real_receipts_are_read():
    receipts = list(DATA_SET.documents(SMALL / "groundtruth/tpp_funsdr_cordr/CORD-r", "train"))
    pages = [receipt.items[0].annotation["labels"][0] for receipt in receipts]
    assert len(receipts) == 40
    assert {label for page in pages for label in page} <= set(DATA_SET.labels)
    assert all(len(page) == len(receipt.pages[0].words) for page, receipt in zip(pages, receipts, strict=True))
    assert all(any(label.startswith("B-") for label in page) for page in pages)
