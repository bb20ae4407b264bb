"""What `pipelines.build_corpus` refuses, and with which words."""

from __future__ import annotations

import pytest

from pipelines.build.flags import parse_flags
from pipelines.build_corpus import build_corpus
from schemas import UsageError
from tests.support.commands import build, run_module
from tests.support.hostile import one_page, write_hostile


def test_an_unknown_runner_is_refused_before_the_output_is_created(tmp_path):
    (tmp_path / "letter.pdf").write_bytes(one_page("Some words to read"))
    flags = ["--input", str(tmp_path), "--output", str(tmp_path / "out"), "--text_source", "pdf", "--runner", "Foo"]
    with pytest.raises(UsageError, match="--runner=Foo: there is no such runner; use one of DataflowRunner, "):
        build_corpus(*parse_flags(flags))
    assert not (tmp_path / "out").exists()


def test_a_build_does_not_continue_while_all_its_documents_are_missing(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pdf").write_bytes(one_page("Some words"))
    flags = ["--input", tmp_path / "in", "--output", tmp_path / "out", "--text_source", "pdf"]
    assert build(*flags, "--dry_run").returncode == 0
    (tmp_path / "in").rename(tmp_path / "elsewhere")
    lost = build(*flags)
    assert lost.returncode == 2
    assert f"none of the planned documents is found there any more, for example {tmp_path}/in/a.pdf. Fix" in lost.stderr
    (tmp_path / "elsewhere").rename(tmp_path / "in")
    assert build(*flags).returncode == 0


def test_a_build_does_not_delete_other_files_in_its_output_directory(tmp_path):
    (tmp_path / "a.pdf").write_bytes(one_page("Some words"))
    thesis = tmp_path / "home" / "work" / "thesis" / "chapter.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("precious")
    done = build("--input", tmp_path / "a.pdf", "--output", tmp_path / "home", "--text_source", "pdf")
    assert done.returncode == 2
    assert "chapter.txt but no corpus" in done.stderr
    assert thesis.read_text() == "precious"


def test_missing_weights_are_reported_before_the_inspection(tmp_path):
    (tmp_path / "a.pdf").write_bytes(one_page("Some words"))
    done = build("--input", tmp_path, "--output", tmp_path / "out", "--ocr_model", "/nowhere")
    assert done.returncode == 2
    assert "found 1 document" in done.stderr and "inspected" not in done.stderr


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--input", "{bare}/*.pdf"], 2, "no file matches"),
        (["--input", "{bare}/none"], 2, "{bare}/none: no such file or directory."),
        (["--input", "{bare}"], 2, "*.tiff, *.webp below this directory"),
        (["--input", "{good}", "--exclude", "{file}"], 2, "does not begin with a SHA-256 hash"),
        (["--input", "{good}", "--output", "{file}/out"], 2, "cannot be written"),
        (["--input", "{good}", "--output", "{good}"], 2, "letter.pdf but no corpus"),
        (["--input", "{good}", "--output", ""], 2, "argument --output: it is empty"),
        (["--input", ""], 2, "argument --input: it is empty"),
        (["--input", "{good}", "--imput_typo", "1"], 2, "unknown flag --imput_typo"),
        (["--input", "{good}", "--worker", "3"], 2, "did you mean --workers?"),
        (["--input", "{good}", "--tok", "t5"], 2, "unknown flag --tok: did you mean --tokenizer?"),
        (["--input", "{good}", "--bogus"], 2, "unknown flag --bogus; see --help."),
        (["--input", "{good}", "--direct_num_workers", "x"], 2, "error: argument --direct_num_workers: "),
        (["--input", "{good}", "--dpi", "x"], 2, "error: argument --dpi: x is not a positive number."),
        (["--input", "{good}", "--ocr_model", "PP-OCRv0"], 2, "error: --ocr_model PP-OCRv0: PaddleOCR cannot load it"),
        (["--input", "{good}", "--dpi", "0"], 2, "0 is not a positive number"),
        (["--input", "{good}", "--page_timeout_s", "inf"], 2, "inf is not a number of seconds"),
        (["--input", "{good}", "--languages", "en,klingon"], 2, "'klingon': not a known language code"),
        (["--input", "{good}", "--dry_run", "--sample", "1"], 2, "1 is not a number of 2 or more"),
        (["--input", "{good}", "--dry_run", "--price_per_core_hour", "inf"], 2, "inf is not a price in dollars"),
        (["--input", "{good}", "--max_failed_share", "2"], 2, "2 is not a share between 0 and 1"),
        (["--input", "{good}", "--text_source", "pdf", "--runner", "NoSuch"], 2, "--runner=NoSuch: there is no such"),
        (
            ["--input", "{good}", "--runner", "apache_beam.runners.runner.Runnr"],
            2,
            "there is no runner of this name in",
        ),
        (["--input", "{good}", "--ocr_model", "/nowhere"], 2, "--ocr_model /nowhere: no such directory"),
        (["--input", "{good}", "--text_source", "guess"], 2, "invalid choice"),
        (["--input", "{good}", "--tokenizer", "{file}"], 2, "neither a SentencePiece model nor a tokenizer.json"),
        (["--input", "{good}", "--tokenizer", "{bare}/no.model"], 2, "or a name on the Hugging Face hub"),
        (["--input", "{good}", "--output", "s3://bucket/out"], 2, "files on s3:// need pip install 'apache-beam[aws]"),
        (["--input", "{good}", "--output", "nfs://bucket/out"], 2, "nfs://bucket/out cannot be reached"),
        (["--input", "{hostile}", "--text_source", "pdf"], 1, "no page could be used"),
    ],
)
def test_wrong_usage_is_named_in_the_error(tmp_path, flags, code, words):
    places = {name: tmp_path / name for name in ("bare", "good", "file", "hostile")}
    places["bare"].mkdir()
    places["good"].mkdir()
    (places["good"] / "letter.pdf").write_bytes(one_page("Some words to read"))
    places["file"].write_text("no directory")
    write_hostile(places["hostile"])
    flags = [flag.format(**places) for flag in flags]
    done = build(*(["--output", tmp_path / "out"] if "--output" not in flags else []), *flags)
    assert done.returncode == code, done.stderr
    assert words.format(**places) in done.stderr
    assert "Traceback" not in done.stderr


def test_help_describes_the_command():
    done = run_module("pipelines.build_corpus", "--help")
    assert done.returncode == 0
    assert "--text_source" in done.stdout and "exit codes" in done.stdout
