"""A model is fine-tuned on questions about letters, then asked about the same letters as PDFs."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from pipelines.build.page_stream import read_pages
from pipelines.config import PageConfig
from tests.support.commands import LIMIT_S, start
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


def test_a_repeated_command_only_reads_documents_that_are_missing(run, letters, tmp_path, caplog):
    output = tmp_path / "answers.jsonl"
    flags = ["--model", str(run), "--input", str(letters), "--question", QUESTIONS["total"], "--output", str(output)]
    assert predict.main(flags) == 0
    whole = output.read_text().splitlines(keepends=True)
    output.write_text(whole[0] + whole[1][:20])  # as if it had been killed while it wrote
    assert predict.main(flags) == 0
    assert sorted(output.read_text().splitlines(keepends=True)) == sorted(whole)
    caplog.clear()
    assert predict.main(flags) == 0
    assert len(output.read_text().splitlines()) == len(whole)
    skipped = f"3 documents are in {output} already and are skipped; 1 of them could not be read: delete their lines"
    assert skipped in caplog.text
    flags[flags.index("--question") + 1] = QUESTIONS["name"]
    assert predict.main(flags) == 2
    assert "line 1 has asked:" in caplog.text


def test_a_repeated_command_has_the_exit_code_of_the_first_one(run, letters, tmp_path):
    flags = ["--model", str(run), "--input", str(letters / "bad.pdf"), "--question", "a"]
    for _ in range(2):
        assert predict.main([*flags, "--output", str(tmp_path / "answers.jsonl")]) == 1
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 1


def test_copies_and_files_after_a_page_that_hangs_get_their_answers(run, tmp_path, capsys):
    for name in ("a.pdf", "copy\nof a.pdf"):
        write_pdf(tmp_path / name, 1)
    (tmp_path / "b.pdf").write_bytes(endless())
    flags = ["--input", str(tmp_path), "--question", QUESTIONS["name"], "--page_timeout_s", "5"]
    assert predict.main(["--model", str(run), *flags]) == 0
    rows = {Path(row["file"]).name: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {name: row.get("answer") for name, row in rows.items()} == {
        "a.pdf": NAMES[1],
        "b.pdf": None,
        "copy\nof a.pdf": NAMES[1],
    }
    assert rows["b.pdf"]["failed"] == ["page 1: timeout (not done after 5 s (--page_timeout_s))"]


def test_the_page_that_answers_is_named(run, tmp_path, capsys):
    write_pdf(tmp_path / "letter.pdf", None, 2)
    assert predict.main(["--model", str(run), "--input", str(tmp_path), "--question", QUESTIONS["total"]]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["answer"], row["page"], row["pages"]) == (answers(2)["total"], 2, 2)
    assert row["asked"] == QUESTIONS["total"]


def test_images_are_read_by_ocr_and_a_tiff_has_pages(run, tmp_path, capsys):
    for number, suffix in enumerate(("png", "jpg", "tiff")):
        write_image(tmp_path / f"{number}.{suffix}", number)
    write_image(tmp_path / "two.tif", None, 3)
    assert predict.main(["--model", str(run), "--input", str(tmp_path), "--question", QUESTIONS["total"]]) == 0
    rows = {Path(row["file"]).name: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {name: (row["answer"], row["page"]) for name, row in rows.items()} == {
        **{f"{number}.{suffix}": (answers(number)["total"], 1) for number, suffix in enumerate(("png", "jpg", "tiff"))},
        "two.tif": (answers(3)["total"], 2),
    }


def test_sigterm_ends_the_process_that_reads_pages(run, tmp_path):
    write_pdf(tmp_path / "a.pdf", 1)
    (tmp_path / "b.pdf").write_bytes(endless())
    flags = ["--model", run, "--input", tmp_path, "--question", "a", "--output", tmp_path / "answers.jsonl"]
    process = start("trainer.predict", *flags)
    for line in process.stderr:
        if line.startswith("1 documents done"):
            break
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    _, rest = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130 and "Traceback" not in rest
    assert len(children) == 2 and not psutil.wait_procs(children, timeout=LIMIT_S)[1]
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 1


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
