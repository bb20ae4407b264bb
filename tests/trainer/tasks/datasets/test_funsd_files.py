"""Damaged files of FUNSD, which both tasks on it refuse."""

from __future__ import annotations

import pytest

from schemas import UsageError
from tests.trainer.forms import write_funsd
from trainer.tasks.datasets import data_set_named

FORMS, LINKS = data_set_named("funsd"), data_set_named("funsd-links")
KEYS = "form", "words", "box", "label"
KEYS_OF_LINKS = "linking", "id"


@pytest.mark.parametrize(
    ("data_set", "key"),
    [*((FORMS, key) for key in KEYS), *((LINKS, key) for key in (*KEYS, *KEYS_OF_LINKS))],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_form_without_a_key_is_refused_by_its_file(tmp_path, data_set, key):
    path = write_funsd(tmp_path, train=1, test=0) / "training_data/annotations/form0.json"
    path.write_text(path.read_text().replace(f'"{key}": ', '"other": '))
    with pytest.raises(UsageError, match=rf"form0\.json is not a form of FUNSD \(KeyError\('{key}'\)\): download it"):
        list(data_set.documents(tmp_path, "train"))


@pytest.mark.parametrize("data_set", [FORMS, LINKS], ids=lambda value: value.name)
def test_a_file_or_folder_of_forms_that_holds_none_is_refused(tmp_path, data_set):
    path = write_funsd(tmp_path, train=1, test=0) / "training_data/annotations/form0.json"
    path.write_text("[]")
    with pytest.raises(UsageError, match=r"form0\.json is not a form of FUNSD"):
        list(data_set.documents(tmp_path, "train"))
    with pytest.raises(UsageError, match=r"has no testing_data/annotations/\*\.json: expected FUNSD"):
        list(data_set.documents(tmp_path, "test"))
