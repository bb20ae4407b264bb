"""Merges corpora that were built separately: `python -m pipelines.merge A B --output C`."""

from __future__ import annotations

import argparse

from pipelines.corpus.merge import merge
from pipelines.runtime.arguments import place
from pipelines.runtime.command import leave, run_command
from schemas.support.home import expanded

DESCRIPTION = """\
Join finished corpora that were built separately with the same settings.

  python -m pipelines.merge corpus-2023 corpus-2024 --output corpus
  python -m pipelines.merge gs://bucket/a gs://bucket/b gs://bucket/c --output gs://bucket/corpus

Unchanged tar files become hard links if the file system supports them, else copies. Each is checked by its hash. Shards
are renumbered: first those of A in their order, then those of B. If several corpora contain a document (the same bytes,
under any name), it stays in the first of them. In the others it gets the status duplicate, as in a single build, and
its pages are left out: a shard that has no other pages is dropped, a shard that has other pages is written again
without them. Corpora that differ in tokenizer, grid or another setting that decides the content of a page are refused.
A, B ... are only read. Run the same command again to continue after an interruption."""

EXIT_CODES = "exit codes: 0 C is complete, 1 the run failed, 2 wrong usage, 130 stopped by Ctrl-C, 143 by SIGTERM"


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.merge",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "corpora", nargs="+", type=expanded, metavar="A B", help="two or more finished corpora: paths, gs:// ..."
    )
    parser.add_argument("--output", type=place, required=True, metavar="C", help="directory of the joined corpus")
    flags = parser.parse_args(argv)
    return run_command(lambda: merge(flags.corpora, flags.output))


if __name__ == "__main__":
    leave(main())
