"""The file of --output: what it may contain, which documents it answers, and a line that was cut off."""

from __future__ import annotations

import json

import pytest

from schemas import UsageError
from trainer.answering.output_file import OutputFile

FACTS = {"model": "/runs/a", "steps": 100, "asked": "What is the total?"}


def line(file: str, pages: int = 1, **facts: object) -> str:
    return json.dumps({"file": file, "answer": "1", "pages": pages, **FACTS, **facts}) + "\n"


@pytest.mark.parametrize(
    "text",
    ["my notes", "my notes\n", "[1, 2]\n", '{"name": "a"}\n', '{"file": "/a.pdf"}\n', line("/a.pdf") + "more", "\n"],
)
def test_a_file_with_something_else_is_refused_and_not_changed(tmp_path, text):
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(UsageError, match="is not a line of this command: choose another file"):
        OutputFile(path, FACTS)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"model": "/runs/b"}, 'line 1 has model: "/runs/a", now it is "/runs/b"'),
        ({"steps": 200}, "line 1 has steps: 100, now it is 200"),
        ({"asked": {"total": "How much?"}}, 'line 1 has asked: "What is the total?", now it is {"total": "How much?"}'),
    ],
)
def test_answers_of_another_model_or_to_other_questions_are_refused(tmp_path, facts, message):
    (tmp_path / "a.jsonl").write_text(line("/in/a.pdf"))
    with pytest.raises(UsageError, match="choose another file") as refused:
        OutputFile(tmp_path / "a.jsonl", {**FACTS, **facts})
    assert message in str(refused.value)


def test_a_line_that_was_cut_off_is_removed_when_the_file_is_opened(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(line("/in/a.pdf") + line("/in/b.pdf")[:20])
    output = OutputFile(path, FACTS)
    assert output.pages == {"/in/a.pdf": 1}
    with output.open() as lines:
        lines.write(line("/in/b.pdf", pages=0))
    assert OutputFile(path, FACTS).pages == {"/in/a.pdf": 1, "/in/b.pdf": 0}


def test_only_documents_of_the_input_count_as_done(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(map(line, ["/in/a.pdf", "/in/deep/b.pdf", "/in2/c.pdf", "/d.pdf"])))
    output = OutputFile(path, FACTS)
    assert set(output.below(["/in", "/d.pdf"])) == {"/in/a.pdf", "/in/deep/b.pdf", "/d.pdf"}
