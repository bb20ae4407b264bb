"""Use a fine-tuned model: `python -m trainer.predict --model RUN --input FILE --question "What is the total?"`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO, Any

from trainer.startup import needs_extra

with needs_extra("train"):
    from schemas import UsageError
    from schemas.support.home import expanded_path
    from schemas.support.interrupts import sigterm_interrupts
    from trainer.answering.documents import ReadDocument, read_documents
    from trainer.answering.html import head
    from trainer.answering.output_file import OutputFile
    from trainer.answering.questions import read_fields
    from trainer.answering.readers import SIMPLE, Found, document_reader
    from trainer.model.export import exported_in, read_steps
    from trainer.run.command import DONE, FAILED, INTERRUPTED, run_command
    from trainer.run.model_flags import add_model_flags, output_file

logger = logging.getLogger("trainer")

DESCRIPTION = """\
Use a fine-tuned model on documents: PDF, PNG, JPEG, TIFF and others.

  python -m trainer.predict --model RUN --input invoice.pdf --question "What is the total?"
  python -m trainer.predict --model RUN --input invoices/ --fields fields.yaml --output answers.jsonl --html out.html
  python -m trainer.predict --model RUN_ON_LABELS --input forms/ --html out.html

Each document is one line of JSON: its answers, scores and pages, or the entities that a model of labels finds in it.
The line also has the number of pages that could be read, the reason of each that could not, the model and what was
asked. fields.yaml has a line per field, NAME: QUESTION.

With --output, documents that the file already contains are skipped, so an interrupted command can be repeated. To try a
document again, delete its line. A file for another model or other questions is refused."""

EPILOG = "exit codes: 0 done, 1 no document could be read, 2 wrong usage, 130 stopped by Ctrl-C, 143 by SIGTERM"


LIMITS = ("page_timeout_s", "page_memory_mb")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    flags = _parser().parse_args(argv)
    with sigterm_interrupts() as exit_code:
        code = run_command(lambda: predict(flags), "with --output, the same command goes on where it stopped")
        return exit_code() if code == INTERRUPTED else code


def predict(flags: argparse.Namespace) -> int:
    """Answers the questions about all documents, or labels their words. Returns the exit code.

    Raises:
        UsageError: a path or the file of fields cannot be used, there are questions and the model answers none, there
            are none and the model needs some, or the output file is one of another command.
        FolioError: the model cannot be read.
    """
    questions = _questions(flags)
    folder = exported_in(expanded_path(flags.model))
    facts = _facts(folder, questions, flags.beams)
    output = OutputFile(flags.output, facts) if flags.output else None
    done = output.below(flags.input) if output else {}
    if done:
        logger.info(_skipped(flags.output, done))
    reader = document_reader(folder, questions, flags.device, flags.batch_size, flags.beams)
    limits = [f"--{name}={value}" for name in LIMITS if (value := getattr(flags, name)) is not None]
    started, count = time.monotonic(), 0
    with ExitStack() as stack:
        lines = stack.enter_context(output.open()) if output else sys.stdout
        page = stack.enter_context(_html_page(flags.html, bool(done), reader.title)) if flags.html else None
        documents = stack.enter_context(closing(read_documents(flags.input, str(folder), done, limits)))
        for document in documents:
            _write(document, reader.read(document), facts, lines, page)
            count += bool(document.samples)
            logger.info(f"{count} documents done, {count / (time.monotonic() - started):.2f} documents/s")
    return DONE if count or any(done.values()) else FAILED


def _questions(flags: argparse.Namespace) -> dict[str, str]:
    """Returns the questions by name; empty if none is asked."""
    if flags.fields is not None:
        return read_fields(expanded_path(flags.fields))
    if flags.question is None:
        return {}
    if not flags.question.strip():
        raise UsageError("--question is empty")
    return {SIMPLE: flags.question}


def _facts(folder: Path, questions: Mapping[str, str], beams: int) -> dict[str, Any]:
    """Returns what the answers to a document depend on besides the document."""
    model = {"model": str(folder.absolute()), "steps": read_steps(folder)}
    if not questions:
        return model
    return {**model, "asked": questions.get(SIMPLE, questions), "beams": beams}


def _skipped(path: Path, done: Mapping[str, int]) -> str:
    text = f"{len(done)} documents are in {path} already and are skipped"
    unread = sum(not pages for pages in done.values())
    return f"{text}; {unread} of them could not be read: delete their lines to try again" if unread else text


def _html_page(path: Path, is_continued: bool, title: str) -> IO[str]:
    page = path.open("a" if is_continued else "w", encoding="utf-8")
    if not page.tell():
        page.write(head(title))
    return page


def _write(
    document: ReadDocument, found: Found, facts: Mapping[str, Any], lines: IO[str], page: IO[str] | None
) -> None:
    row = {"file": document.uri, **found.record, "pages": len(document.samples)}
    if document.failures:
        row["failed"] = document.failures
    lines.write(json.dumps({**row, **facts}, ensure_ascii=False) + "\n")
    lines.flush()
    if page and found.html:
        page.write(found.html)
        page.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer.predict",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--model", required=True, metavar="DIR", help="a fine-tuned model, or the directory of its run")
    parser.add_argument("--input", required=True, nargs="+", metavar="FILE|FOLDER", help="documents and folders")
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--question", help="a question about each document")
    asked.add_argument("--fields", metavar="FILE", help="YAML file of questions by field name")
    parser.add_argument(
        "--output", type=output_file, metavar="FILE", help="append the lines to this file; default: stdout"
    )
    parser.add_argument(
        "--html", type=output_file, metavar="FILE", help="write a page that marks what was found on the documents"
    )
    for name in LIMITS:
        parser.add_argument(f"--{name}", help="limit for reading a page, as in pipelines.read_pages")
    add_model_flags(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
