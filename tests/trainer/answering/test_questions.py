"""The YAML file of fields and their questions."""

from __future__ import annotations

import pytest

from schemas import UsageError
from trainer.answering.questions import read_fields


def test_names_and_questions_are_texts_whatever_yaml_means_by_them(tmp_path):
    path = tmp_path / "fields.yaml"
    path.write_text("no: What is the number?\n2024: How much was it?\non: 12\n")
    assert read_fields(path) == {"no": "What is the number?", "2024": "How much was it?", "on": "12"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("total:\n", "the field total has no question"),
        ("total: ''\n", "the field total has no question"),
        ("total: {net: how much}\n", "the field total has no question"),
        ("'': How much?\ntotal: How much?\n", "a field has no name"),
        ("- total\n", "expected a line per field"),
        ("", "expected a line per field"),
        ("total: [", "is not YAML"),
    ],
)
def test_a_field_needs_a_name_and_a_question(tmp_path, text, message):
    path = tmp_path / "fields.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_fields(path)
