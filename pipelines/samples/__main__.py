"""Writes synthetic documents with exact truth: `python -m pipelines.samples --output DIR --count N --seed S`."""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.runtime.command import leave, run_command
from pipelines.runtime.wording import counted
from pipelines.samples.document import KINDS, Document, document_name, make_document
from schemas import FolioError, UsageError
from schemas.support.home import expanded_path

logger = logging.getLogger("pipelines")

DESCRIPTION = """\
Write N synthetic documents, each with a file that holds its truth:

  DIR/sample-00000-receipt.pdf          the document, born-digital or a scan without a text layer
  DIR/sample-00000-receipt.truth.json   {"kind", "scan", "skew_deg", "pages": [{"width_pt", "height_pt",
                                         "words": {"text": [], "box": [[x0, y0, x1, y1]], "line": []}}]}

Words are in reading order. Boxes are in thousandths of the upright page. `line` is the number of the visual row: a
label and its value on one row share a line, even if the gap is wide; the two columns of an article do not. Text that
runs up or down the page (the labels of a chart) has a line of its own, after all rows. `skew_deg` is the rotation of a
scan about the centre of its page. Positive values are clockwise. The boxes are those before the rotation.

Sample i depends only on i, the seed, the kinds and the scan share. The same command writes the same bytes, and a larger
count only adds files."""

EPILOG = """\
examples:
  python -m pipelines.samples --output samples --count 40 --seed 7
  python -m pipelines.samples --output scans --count 100 --seed 1 --scan_share 1 --kinds receipt form

exit codes: 0 done, 1 the run failed, 2 wrong usage, 130 stopped by Ctrl-C, 143 by SIGTERM"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.samples",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--output", type=expanded_path, required=True, metavar="DIR",
                        help="folder to write to: new, empty, or with the same samples")  # fmt: skip
    parser.add_argument("--count", type=_positive, default=20, metavar="N", help="number of documents (default 20)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the documents (default 0)")
    parser.add_argument("--scan_share", type=_share, default=0.4, metavar="SHARE",
                        help="share of documents that are scans, 0 to 1 (default 0.4)")  # fmt: skip
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, metavar="KIND",
                        help=f"kinds to draw, equally often: {', '.join(KINDS)} (default all)")  # fmt: skip
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return share


def refuse_others(output: Path, names: Iterable[str]) -> None:
    """Refuses a folder that holds anything except the named documents, because the files would be taken for one set.

    Raises:
        UsageError: the folder holds something else.
    """
    ours = {f"{name}{ending}" for name in names for ending in (".pdf", ".truth.json")}
    others = sorted({path.name for path in output.iterdir()} - ours) if output.exists() else []
    if others:
        raise UsageError(
            f"--output {output} holds {others[0]}, which is not one of these samples; choose an empty or a new folder."
        )


def write_documents(output: Path, documents: Iterator[Document]) -> Iterator[Document]:
    """Writes each document and its truth into `output`, and yields it.

    Raises:
        OSError: the folder cannot be written.
    """
    output.mkdir(parents=True, exist_ok=True)
    for document in documents:
        (output / f"{document.name}.pdf").write_bytes(document.pdf)
        (output / f"{document.name}.truth.json").write_bytes(document.truth)
        yield document


def write_samples(flags: argparse.Namespace) -> None:
    """Writes the documents that the flags request.

    Raises:
        UsageError: the folder holds something else, or the first document cannot be written.
        FolioError: a later document cannot be written.
    """
    documents = (make_document(flags.seed, i, flags.scan_share, flags.kinds) for i in range(flags.count))
    kinds: Counter[str] = Counter()
    scans = pages = 0
    try:
        refuse_others(flags.output, (document_name(flags.seed, i, flags.kinds) for i in range(flags.count)))
        for done, document in enumerate(write_documents(flags.output, documents), start=1):
            kinds[document.kind] += 1
            scans += document.scan
            pages += document.pages
            if done % 100 == 0:
                logger.info("%d/%d documents", done, flags.count)
    except OSError as error:
        failure = FolioError if kinds else UsageError
        raise failure(f"--output {flags.output} cannot be written: {error}") from error
    drawn = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    counts = f"{counted(flags.count, 'document')}, {counted(pages, 'page')}, {counted(scans, 'scan')}"
    logger.info("%s: %s (%s)", flags.output, counts, drawn)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    flags = _parser().parse_args(argv)
    return run_command(lambda: write_samples(flags))


if __name__ == "__main__":
    leave(main())
