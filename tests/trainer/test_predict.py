"""A model is fine-tuned on questions about letters, then asked about the same letters as PDFs."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from pipelines.build.page_stream import read_pages
from pipelines.config import PageConfig
from tests.support.commands import LIMIT_S
from tests.support.hostile import endless
from tests.trainer.launches import finetune_alone
from tests.trainer.letters import NAMES, QUESTIONS, answers, write_docvqa, write_image, write_pdf
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
    for beams in ("1", "3"):
        assert evaluate.main([*flags, "--model", str(run), "--beams", beams]) == 0
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


def test_a_repeated_command_only_reads_documents_that_are_missing(run, letters, tmp_path, caplog):
    output = tmp_path / "answers.jsonl"
    flags = ["--model", str(run), "--input", str(letters), "--question", QUESTIONS["total"], "--output", str(output)]
    assert predict.main(flags) == 0
    whole = output.read_text().splitlines(keepends=True)
    output.write_text(whole[0] + whole[1][:20])  # as if it had been killed while it wrote
    assert predict.main(flags) == 0
    assert sorted(output.read_text().splitlines(keepends=True)) == sorted(whole)
    caplog.set_level(logging.INFO)
    assert predict.main(flags) == 0
    assert len(output.read_text().splitlines()) == len(whole)
    skipped = f"3 documents are in {output} already and are skipped; 1 of them could not be read: delete their lines"
    assert skipped in caplog.text
    flags[flags.index("--question") + 1] = QUESTIONS["name"]
    assert predict.main(flags) == 2
    assert "line 1 has asked:" in caplog.text


def test_a_repeated_command_says_again_that_no_document_can_be_read(run, letters, tmp_path):
    output = tmp_path / "answers.jsonl"
    flags = ["--model", str(run), "--question", "a", "--output", str(output), "--input", str(letters / "bad.pdf")]
    for _ in range(2):
        assert predict.main(flags) == 1
    assert len(output.read_text().splitlines()) == 1


def test_sigterm_ends_all_processes_and_the_repeated_command_answers_each_other_file(run, tmp_path):
    documents, output = tmp_path / "in", tmp_path / "answers.jsonl"
    documents.mkdir()
    for name in ("a.pdf", "copy\nof a.pdf"):
        write_pdf(documents / name, 1)
    (documents / "b.pdf").write_bytes(endless())
    flags = ["--model", str(run), "--input", str(documents), "--question", QUESTIONS["name"], "--output", str(output)]
    before = psutil.Process().children(recursive=True)
    started: list[psutil.Process] = []

    def stop_after_a_line() -> None:
        while not (output.exists() and output.read_text()):
            time.sleep(0.1)
        started.extend(child for child in psutil.Process().children(recursive=True) if child not in before)
        os.kill(os.getpid(), signal.SIGTERM)

    stopper = threading.Thread(target=stop_after_a_line)
    stopper.start()
    assert predict.main(flags) == 143
    stopper.join()
    assert len(started) == 2 and not psutil.wait_procs(started, timeout=LIMIT_S)[1]
    assert [Path(row["file"]).name for row in map(json.loads, output.read_text().splitlines())] == ["a.pdf"]
    assert predict.main([*flags, "--page_timeout_s", "5"]) == 0
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(Path(row["file"]).name, row.get("answer")) for row in rows] == [
        ("a.pdf", NAMES[1]),
        ("b.pdf", None),
        ("copy\nof a.pdf", NAMES[1]),
    ]
    assert rows[1]["failed"] == ["page 1: timeout (not done after 5 s (--page_timeout_s))"]


def test_pdfs_and_images_are_answered_and_the_page_that_answers_is_named(run, tmp_path, capsys):
    for number, suffix in enumerate(("png", "jpg", "tiff")):
        write_image(tmp_path / f"{number}.{suffix}", number)
    write_image(tmp_path / "two.tif", None, 3)
    write_pdf(tmp_path / "two.pdf", None, 2)
    assert predict.main(["--model", str(run), "--input", str(tmp_path), "--question", QUESTIONS["total"]]) == 0
    rows = {Path(row["file"]).name: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {name: (row["answer"], row["page"], row["pages"]) for name, row in rows.items()} == {
        **{f"{n}.{suffix}": (answers(n)["total"], 1, 1) for n, suffix in enumerate(("png", "jpg", "tiff"))},
        "two.tif": (answers(3)["total"], 2, 2),
        "two.pdf": (answers(2)["total"], 2, 2),
    }


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--batch_size", "0"], "0 is not a positive number"),
        (["--batch_size", "-1"], "-1 is not a positive number"),
        (["--device", "foo"], "foo cannot be used"),
        (["--device", "meta"], "meta cannot be used"),
        (["--output", "absent/a.jsonl"], "absent is not an existing folder"),
        (["--output", "."], ". is a folder"),
    ],
)
def test_a_flag_that_cannot_be_used_is_refused_before_the_model_is_loaded(flags, message, capsys):
    for main, own in ((predict.main, ["--input", "a.pdf"]), (evaluate.main, ["--task=a", "--data=b", "--split=c"])):
        with pytest.raises(SystemExit) as stopped:
            main(["--model", "absent", *own, *flags])
        assert stopped.value.code == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--question", "a", "--input", "absent.pdf"], 2, "the pages cannot be read: see the message above"),
        (["--fields", "absent.yaml", "--input", "."], 2, "--fields absent.yaml cannot be read"),
        (["--question", " ", "--input", "."], 2, "--question is empty"),
        (["--question", "a", "--input", ".", "--page_timeout_s", "x"], 2, "the pages cannot be read: see the message"),
        (["--input", "."], 2, "model answers questions: ask one by --question, or several by --fields"),
    ],
)
def test_a_wrong_command_line_is_refused(run, flags, code, message, caplog):
    assert predict.main(["--model", str(run), *flags]) == code
    assert message in caplog.text
