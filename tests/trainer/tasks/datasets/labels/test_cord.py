"""CORD with labels: each line of a receipt is an entity."""

from __future__ import annotations

import pytest

from schemas import UsageError
from tests.trainer.tasks.datasets.fields.test_cord import line, receipt
from tests.trainer.tasks.datasets.files import write_json
from trainer.tasks.datasets.labels.cord import DATA_SET


def test_the_words_of_a_line_are_an_entity_with_those_that_name_the_field(tmp_path):
    lines = [line("menu.nm", 1, "Ice", "Tea"), line("total.total_price", 2, "TOTAL", "75,000", key="TOTAL")]
    write_json(tmp_path / "dev/json/receipt_00000.json", receipt(valid_line=[*lines, line("menu.sub_nm", 1, "hot")]))
    [found] = DATA_SET.documents(tmp_path, "dev")
    [labels] = found.items[0].annotation["labels"]
    assert labels == ["B-menu.nm", "I-menu.nm", "B-total.total_price", "I-total.total_price", "B-menu.sub_nm"]
    assert len(found.pages[0].words or ()) == len(labels)
    assert set(labels) <= set(DATA_SET.labels)


def test_a_file_of_another_form_is_named(tmp_path):
    write_json(tmp_path / "train/json/receipt_00000.json", {"valid_line": [{"words": [{}]}]})
    with pytest.raises(UsageError, match=r"receipt_00000.json is not a receipt of CORD"):
        list(DATA_SET.documents(tmp_path, "train"))
