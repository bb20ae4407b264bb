"""A model is fine-tuned on questions about letters, then asked about the same letters as PDFs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.build.page_stream import read_pages
from pipelines.config import PageConfig
from tests.trainer.launches import finetune_alone
from tests.trainer.letters import NAMES, QUESTIONS, answers, write_docvqa, write_pdf
from trainer import evaluate, predict
from trainer.answering.predictor import Predictor

FLAGS = (
    *("--task", "docvqa", "--model", "none", "--size", "tiny", "--reads_images", "false", "--max_target_tokens", "8"),
    *("--max_steps", "120", "--val_every", "120", "--global_batch", "8", "--workers", "0", "--tensorboard", "false"),
    *("model.dropout=0", "model.d_model=64", "model.d_ff=128", "model.encoder_layers=1", "model.decoder_layers=1"),
    *("--log_every", "40", "optimizer.learning_rate=2e-2", "optimizer.final_lr_share=1"),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The run that learned to answer."""
    folder = tmp_path_factory.mktemp("questions")
    return finetune_alone(FLAGS, write_docvqa(folder / "DocVQA"), folder)


@pytest.fixture(scope="module")
def letters(tmp_path_factory) -> Path:
    """Two letters and a file that is no PDF."""
    folder = tmp_path_factory.mktemp("letters")
    for number in (1, 2):
        write_pdf(folder / f"{number}.pdf", number)
    (folder / "bad.pdf").write_text("this is no document")
    return folder


def test_the_answers_have_been_learned_and_are_scored_by_anls(run, capsys):
    data, cache = run.parent / "DocVQA", run.parent / "cache"
    flags = ["--task", "docvqa", "--data", str(data), "--split", "val", "--cache_dir", str(cache)]
    capsys.readouterr()
    assert evaluate.main([*flags, "--model", str(run)]) == 0
    assert json.loads(capsys.readouterr().out) == {"anls": 1.0, "exact": 1.0}


def test_a_question_about_a_page_is_answered_with_the_place_of_the_answer(run, letters):
    page = next(iter(read_pages(letters / "2.pdf", PageConfig(text_source="pdf")))).stored()
    answer = Predictor(run).ask(page, QUESTIONS["name"])
    assert (answer.text, answer.page) == (NAMES[2], 1)
    assert 0.5 < answer.score <= 1
    [box] = answer.boxes
    assert box == next(word.box for word in page.page().words if word.text == NAMES[2])


def test_fields_of_a_folder_are_extracted_and_bad_files_are_named(run, letters, tmp_path):
    (tmp_path / "fields.yaml").write_text("".join(f"{name}: {text}\n" for name, text in QUESTIONS.items()))
    output, page = tmp_path / "answers.jsonl", tmp_path / "answers.html"
    flags = ["--model", str(run), "--input", str(letters), "--fields", str(tmp_path / "fields.yaml")]
    assert predict.main([*flags, "--output", str(output), "--html", str(page)]) == 0
    found = {Path(row["file"]).name: row for row in map(json.loads, output.read_text().splitlines())}
    assert {name: row["fields"] for name, row in found.items() if name != "bad.pdf"} == {
        f"{number}.pdf": {
            name: {"answer": text, "score": pytest.approx(1, abs=0.5), "page": 1}
            for name, text in answers(number).items()
        }
        for number in (1, 2)
    }
    assert found["bad.pdf"]["fields"] == {}
    assert "not_pdf" in found["bad.pdf"]["failed"][0]
    assert page.read_text().count("<span style=") == 6, "two words of the total and one name on each of two pages"


def test_a_repeated_command_only_reads_documents_that_are_missing(run, letters, tmp_path):
    output = tmp_path / "answers.jsonl"
    flags = ["--model", str(run), "--input", str(letters), "--question", QUESTIONS["total"], "--output", str(output)]
    assert predict.main(flags) == 0
    whole = output.read_text().splitlines(keepends=True)
    output.write_text(whole[0] + whole[1][:20])  # as if it had been killed while it wrote
    assert predict.main(flags) == 0
    assert sorted(output.read_text().splitlines(keepends=True)) == sorted(whole)
    assert predict.main(flags) == 0
    assert len(output.read_text().splitlines()) == len(whole)


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--question", "a", "--input", "absent.pdf"], 2, "the pages cannot be read: see the message above"),
        (["--fields", "absent.yaml", "--input", "."], 2, "--fields absent.yaml cannot be read"),
        (["--input", "."], 2, "model answers questions: ask one by --question, or several by --fields"),
    ],
)
def test_a_wrong_command_line_is_refused(run, flags, code, message, caplog):
    assert predict.main(["--model", str(run), *flags]) == code
    assert message in caplog.text
