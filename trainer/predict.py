"""Use a fine-tuned model: `python -m trainer.predict --model RUN --input FILE --question "What is the total?"`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from trainer.startup import needs_extra

with needs_extra("train"):
    import torch
    import yaml

    from schemas import UsageError
    from schemas.support.home import expanded_path
    from trainer.answering.documents import ReadDocument, read_documents
    from trainer.answering.html import head
    from trainer.answering.readers import SIMPLE, Found, document_reader
    from trainer.model.export import exported_in
    from trainer.run.command import DONE, FAILED, run_command

logger = logging.getLogger("trainer")

DESCRIPTION = """\
Use a fine-tuned model on documents: PDF, PNG, JPEG, TIFF and others.

  python -m trainer.predict --model RUN --input invoice.pdf --question "What is the total?"
  python -m trainer.predict --model RUN --input invoices/ --fields fields.yaml --output answers.jsonl --html out.html
  python -m trainer.predict --model RUN_ON_LABELS --input forms/ --html out.html

Each document is one line of JSON: its answers, scores and pages, or the entities that a model of labels finds in it.
fields.yaml has a line per field, NAME: QUESTION.
With --output, documents that the file already contains are skipped, so an interrupted command can be repeated."""

EPILOG = "exit codes: 0 done, 1 no document could be read, 2 wrong usage, 130 stopped by Ctrl-C"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    flags = _parser().parse_args(argv)
    return run_command(lambda: predict(flags), "with --output, the same command goes on where it stopped")


def predict(flags: argparse.Namespace) -> int:
    """Answers the questions about all documents, or labels their words. Returns the exit code.

    Raises:
        UsageError: a path or the file of fields cannot be used, or there are questions and the model answers none, or
            there are none and the model needs some.
        FolioError: the model cannot be read.
    """
    questions = _questions(flags)
    folder = exported_in(expanded_path(flags.model))
    reader = document_reader(folder, questions, flags.device, flags.batch_size)
    output = expanded_path(flags.output) if flags.output else None
    done = _documents_in(output)
    started, count = time.monotonic(), 0
    with ExitStack() as stack:
        lines = stack.enter_context(output.open("a", encoding="utf-8")) if output else sys.stdout
        mode = "a" if done else "w"
        page = stack.enter_context(expanded_path(flags.html).open(mode, encoding="utf-8")) if flags.html else None
        if page and not page.tell():
            page.write(head(reader.title))
        for document in read_documents(flags.input, str(folder), done):
            _write(document, reader.read(document), lines, page)
            count += bool(document.samples)
            logger.info(f"{count} documents done, {count / (time.monotonic() - started):.2f} documents/s")
    return DONE if count or done else FAILED


def _questions(flags: argparse.Namespace) -> dict[str, str]:
    """Returns the questions by name; empty if none is asked.

    Raises:
        UsageError: the file of fields cannot be read.
    """
    if flags.question is not None:
        return {SIMPLE: flags.question}
    if flags.fields is None:
        return {}
    try:
        fields = yaml.safe_load(expanded_path(flags.fields).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--fields {flags.fields} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"--fields {flags.fields} is not YAML: {error}") from error
    if not isinstance(fields, dict) or not fields:
        raise UsageError(f"--fields {flags.fields}: expected a line per field, as in `total: What is the total?`")
    return {str(name): str(question) for name, question in fields.items()}


def _documents_in(output: Path | None) -> set[str]:
    """Returns the documents that the output file contains. A line that was cut off is removed from it."""
    if output is None or not output.exists():
        return set()
    lines = [line for line in output.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    output.write_bytes(b"".join(lines))
    return {json.loads(line)["file"] for line in lines}


def _write(document: ReadDocument, found: Found, lines: IO[str], page: IO[str] | None) -> None:
    row = {"file": document.uri, **found.record}
    if document.failures:
        row["failed"] = document.failures
    lines.write(json.dumps(row, ensure_ascii=False) + "\n")
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
    parser.add_argument("--output", metavar="FILE", help="append the lines to this file; default: stdout")
    parser.add_argument("--html", metavar="FILE", help="write a page that marks what was found on the documents")
    parser.add_argument("--batch_size", type=int, default=8, help="windows per batch (%(default)s)")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", default=device, help="device of the model (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
