"""Reads pages without Beam and writes their samples as a tar: `python -m pipelines.read_pages FILE > PAGES.tar`."""

from __future__ import annotations

import argparse
import io
import os
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipelines.build.page_flags import Parser, add_page_flags, page_config
from pipelines.build.page_stream import read_pages
from pipelines.runtime.command import DONE, FAILED, leave, run_command
from schemas import UsageError
from schemas.support.home import expanded_path

DESCRIPTION = """\
Reads documents in one process, in the order of documents and pages, and writes the samples of docs/schema.md as a tar.

  python -m pipelines.read_pages letter.pdf scan.tif --output pages.tar
  python -m pipelines.read_pages folder | other-program

Each page without a sample is one line on stderr: the document, the page, its status and the reason."""

EXIT_CODES = (
    "exit codes: 0 at least one page was read, 1 none was, 2 wrong usage, 130 stopped by Ctrl-C, 143 by SIGTERM"
)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m pipelines.read_pages",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("input", nargs="+", metavar="FILE|FOLDER", help="documents, or folders of them")
    parser.add_argument("--output", type=expanded_path, metavar="FILE.tar", help="default: stdout")
    add_page_flags(parser)
    return parser


def write_pages(argv: list[str]) -> int:
    """Reads the pages and writes the tar. Returns how many pages have a sample.

    Raises:
        UsageError: a flag or a path cannot be used.
    """
    flags = _parser().parse_args(argv)
    count = 0
    with _target(flags.output) as stream, tarfile.open(fileobj=stream, mode="w|", bufsize=tarfile.BLOCKSIZE) as tar:
        for read in read_pages(flags.input, page_config(flags)):
            if read.sample is None:
                facts = read.facts
                sys.stderr.write(f"{read.id.uri} page {read.id.page}: {facts.status.value} ({facts.detail})\n")
                continue
            _add(tar, read.sample)
            stream.flush()  # a program at the other end of a pipe gets each page when it has been read
            count += 1
    return count


def _add(tar: tarfile.TarFile, sample: dict[str, str | bytes]) -> None:
    """Adds the members of a sample, as `webdataset.TarWriter` does. To import that takes seconds, because of torch."""
    for suffix in sorted(sample.keys() - {"__key__"}):
        key, data = sample["__key__"], sample[suffix]
        assert isinstance(key, str) and isinstance(data, bytes)
        member = tarfile.TarInfo(f"{key}.{suffix}")
        member.size, member.mode, member.uname, member.gname = len(data), 0o444, "folio", "folio"
        tar.addfile(member, io.BytesIO(data))


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        if sys.stdout.isatty():
            raise UsageError("a tar is not for a terminal: add --output FILE.tar, or redirect the output.")
        with os.fdopen(os.dup(1), "wb") as stream:
            os.dup2(2, 1)  # libraries must not write into the tar
            yield stream
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    counts: list[int] = []
    code = run_command(lambda: counts.append(write_pages(sys.argv[1:] if argv is None else argv)))
    return code or (DONE if counts[0] else FAILED)


if __name__ == "__main__":
    leave(main())
