"""CORD: receipts with the words of the data set; the answer is the parse of the whole receipt."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from schemas import UsageError
from schemas.page_file import GivenWord
from tests.trainer.tasks.datasets.files import write_image, write_json
from tests.trainer.tasks.item_samples import TOKENIZER
from trainer.model.config import ModelConfig
from trainer.tasks.datasets.fields.cord import DATA_SET, parse_of_lines
from trainer.tasks.items import ItemDocument

MODEL = ModelConfig(d_model=32, d_ff=64, d_kv=16, heads=2, encoder_layers=1, decoder_layers=1)
PARSE = {"menu": {"nm": "Ice Tea", "cnt": "2 x"}, "total": {"total_price": "75,000"}}


def line(category: str, group: int, *texts: str, key: str = "", **more: int) -> dict[str, Any]:
    """Returns a line of words, one below the other. The word `key` names the field."""
    corners = {"x1": 10, "x2": 50, "x3": 52, "x4": 12}
    words = [
        {"text": text, "is_key": int(text == key), "row_id": 1, "quad": {**corners, **heights(20 * row)}}
        for row, text in enumerate(texts)
    ]
    return {"category": category, "group_id": group, "words": words, **more}


def heights(top: int) -> dict[str, int]:
    return {"y1": top, "y2": top + 2, "y3": top + 12, "y4": top + 10}


LINES = [
    line("menu.nm", 1, "Ice", "Tea"),
    line("menu.cnt", 1, "2", "x"),
    line("total.total_price", 4, "TOTAL", "75,000", key="TOTAL"),
]


def receipt(**more: Any) -> dict[str, Any]:
    return {"valid_line": LINES, "meta": {"image_size": {"width": 864, "height": 1296}}, **more}


def documents(folder: Path, split: str = "train") -> list[ItemDocument]:
    return list(DATA_SET.documents(folder, split))


@pytest.mark.parametrize("place", ["", "CORD/"])
def test_a_receipt_has_its_words_and_one_item_with_the_parse(tmp_path, place):
    write_json(tmp_path / f"{place}train/json/receipt_00000.json", receipt(gt_parse=PARSE))
    write_image(tmp_path / f"{place}train/image/receipt_00000.png")
    [found] = documents(tmp_path)
    [page], [item] = found.pages, found.items
    assert page.words is not None
    assert page.words[:2] == (GivenWord("Ice", (10, 0, 52, 12)), GivenWord("Tea", (10, 20, 52, 32)))
    assert (page.file, page.size) == (f"{place}train/image/receipt_00000.png", (864, 1296))
    assert item.annotation["parse"] == PARSE
    assert item.annotation["answers"] == ["[menu] [nm] Ice Tea [cnt] 2 x [/] [total] [total_price] 75,000 [/]"]


def test_the_corners_of_a_word_may_be_in_any_order(tmp_path):
    lines = [line("menu.nm", 1, "Tea")]
    lines[0]["words"][0]["quad"] = {"x1": 50, "y1": 30, "x2": 10, "y2": 30, "x3": 10, "y3": 20, "x4": 50, "y4": 20}
    write_json(tmp_path / "test/json/receipt_00087.json", receipt(valid_line=lines))
    [found] = documents(tmp_path, "test")
    assert found.pages[0].words == (GivenWord("Tea", (10, 20, 50, 30)),)


def test_without_a_parse_in_the_file_it_is_made_of_the_lines_and_images_may_be_absent(tmp_path):
    write_json(tmp_path / "dev/json/receipt_00000.json", receipt())
    [found] = documents(tmp_path, "dev")
    assert found.items[0].annotation["parse"] == PARSE
    assert found.pages[0].file == ""


def test_lines_of_a_group_are_an_item_and_several_items_a_list():
    lines = [*LINES, line("menu.nm", 2, "Cake"), line("menu.price", 2, "9"), line("void_menu.nm", 3, "Tea")]
    parse = parse_of_lines(lines)
    assert parse["menu"] == [PARSE["menu"], {"nm": "Cake", "price": "9"}]
    assert parse["void_menu"] == {"nm": "Tea"}


def test_parts_of_an_item_are_groups_within_it():
    lines = [
        line("menu.nm", 1, "Menu"),
        line("menu.sub_nm", 1, "Tea", sub_group_id=1),
        line("menu.sub_cnt", 1, "1", sub_group_id=1),
        line("menu.sub_nm", 1, "Cake", sub_group_id=2),
        line("menu.price", 1, "9"),
    ]
    assert parse_of_lines(lines) == {
        "menu": {"nm": "Menu", "sub": [{"nm": "Tea", "cnt": "1"}, {"nm": "Cake"}], "price": "9"}
    }


def test_lines_of_totals_are_one_group_and_several_lines_of_a_field_a_list():
    lines = [
        line("sub_total.etc", 1, "round", "-45", key="round"),
        line("sub_total.etc", 2, "-3"),
        line("sub_total.tax_price", 3, "PB1", key="PB1"),
    ]
    assert parse_of_lines(lines) == {"sub_total": {"etc": ["-45", "-3"]}}


def test_answers_are_longer_than_those_of_questions_unless_the_settings_say_otherwise():
    def longest(tokens: int) -> int:
        settings = SimpleNamespace(max_text_tokens=64, max_target_tokens=tokens, reads_images=False)
        return DATA_SET.make_task(settings, MODEL, TOKENIZER, 0).record()["max_target_tokens"]

    assert (longest(0), longest(100)) == (512, 100)


@pytest.mark.parametrize("content", [[], {"meta": {}}, receipt(gt_parse=[]), receipt(valid_line=[{}])])
def test_another_file_is_refused(tmp_path, content):
    write_json(tmp_path / "train/json/receipt_00000.json", content)
    with pytest.raises(UsageError, match=r"receipt_00000\.json is not a receipt of CORD"):
        documents(tmp_path)


def test_another_folder_is_refused_with_what_was_expected_and_found(tmp_path):
    write_image(tmp_path / "train/image/receipt_00000.png")
    with pytest.raises(UsageError, match=r"has no train/json/\*\.json or .*: expected CORD: .*; found train/"):
        documents(tmp_path)
