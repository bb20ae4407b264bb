"""Reads pages without Beam and writes their samples as a tar: `python -m pipelines.read_pages FILE > PAGES.tar`."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pipelines.build.page_flags import Parser, add_limit_flags, add_page_flags, page_config
from pipelines.build.page_stream import ReadPage, read_pages
from pipelines.config import RunConfig
from pipelines.runtime.command import DONE, FAILED, leave, run_command
from schemas import UsageError, page_key
from schemas.support.home import expanded_path

DESCRIPTION = """\
Reads documents page by page, in the order of documents and pages, and writes the samples of docs/schema.md as a tar.

  python -m pipelines.read_pages letter.pdf scan.tif --output pages.tar
  python -m pipelines.read_pages folder | other-program

Each page without a sample is one line on stderr: the document, the page, its status and the reason. With --failures it
is also a member of the tar, KEY.failed.json, for programs: `uri`, `page`, `pages`, `status` and `detail`. A document is
complete with its last page, in which `page` equals `pages`; both are 0 for a document of which no page can be read.

A page that hangs, crashes its process or takes too much memory costs only this page."""

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
    parser.add_argument(
        "--skip", type=expanded_path, metavar="FILE.json", help="JSON list of absolute paths of documents to leave out"
    )
    parser.add_argument("--copies", action="store_true", help="also read documents with the bytes of an earlier one")
    parser.add_argument("--failures", action="store_true", help="also write a member for each page without a sample")
    add_page_flags(parser)
    add_limit_flags(parser.add_argument_group("limits"))
    return parser


def write_pages(argv: list[str]) -> int:
    """Reads the pages and writes the tar. Returns how many pages have a sample.

    Raises:
        UsageError: a flag or a path cannot be used.
    """
    flags = _parser().parse_args(argv)
    limits = RunConfig(page_timeout_s=flags.page_timeout_s, page_memory_mb=flags.page_memory_mb)
    pages = read_pages(flags.input, page_config(flags), _paths_in(flags.skip), limits, flags.copies)
    count = 0
    with closing(pages), _target(flags.output) as stream:
        for read in pages:
            if read.sample is not None:
                _add(stream, read.sample)
                count += 1
            else:
                facts = read.facts
                sys.stderr.write(f"{read.id.uri} page {read.id.page}: {facts.status.value} ({facts.detail})\n")
                if flags.failures:
                    _add(stream, _failure(read))
            stream.flush()  # a program at the other end of a pipe gets each page when it has been read
        stream.write(bytes(2 * tarfile.BLOCKSIZE))  # the end of a tar
    return count


def _paths_in(path: Path | None) -> list[str]:
    """Returns the paths in a list. It is JSON because a name can contain the end of a line."""
    try:
        paths = json.loads(path.read_text(encoding="utf-8")) if path else []
    except OSError as error:
        raise UsageError(f"--skip {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"--skip {path} is not JSON: {error}.") from error
    if not isinstance(paths, list) or not all(isinstance(name, str) for name in paths):
        raise UsageError(f"--skip {path} is not a JSON list of paths.")
    return paths


def _failure(read: ReadPage) -> dict[str, str | bytes]:
    """Returns the member for a page without a sample."""
    place = {"uri": read.id.uri, "page": read.id.page, "pages": read.id.pages}
    facts = {**place, "status": read.facts.status.value, "detail": read.facts.detail}
    key = page_key(read.id.doc_sha256 or hashlib.sha256(read.id.uri.encode()).hexdigest(), read.id.page)
    return {"__key__": key, "failed.json": json.dumps(facts).encode()}


def _add(stream: BinaryIO, sample: dict[str, str | bytes]) -> None:
    """Writes the members of a sample, as `webdataset.TarWriter` does. To import that takes seconds, because of torch.

    `tarfile.open` would hold back the last block of each page.
    """
    for suffix in sorted(sample.keys() - {"__key__"}):
        key, data = sample["__key__"], sample[suffix]
        assert isinstance(key, str) and isinstance(data, bytes)
        member = tarfile.TarInfo(f"{key}.{suffix}")
        member.size, member.mode, member.uname, member.gname = len(data), 0o444, "folio", "folio"
        stream.write(member.tobuf() + data + bytes(-len(data) % tarfile.BLOCKSIZE))


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        if sys.stdout.isatty():
            raise UsageError("a tar is not for a terminal: add --output FILE.tar, or redirect the output.")
        # If the program at the other end has ended, nobody needs the other pages.
        with suppress(BrokenPipeError), os.fdopen(os.dup(1), "wb") as stream:
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
