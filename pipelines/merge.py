"""Merges corpora that were built apart: `python -m pipelines.merge A B --output C`."""

from __future__ import annotations

import argparse

from pipelines.corpus.merge import merge
from pipelines.runtime.arguments import place
from pipelines.runtime.command import leave, run_command

DESCRIPTION = """\
Join finished corpora that were built apart with the same settings.

  python -m pipelines.merge corpus-2023 corpus-2024 --output corpus
  python -m pipelines.merge gs://bucket/a gs://bucket/b gs://bucket/c --output gs://bucket/corpus

Tars stay as they are, hard links where the file system can, copies elsewhere; each is checked by its hash. Shards are
numbered anew: those of A in their order, then those of B. A document that several corpora hold, the same bytes whatever
its name, stays in the first of them; elsewhere it gets the status duplicate, as in one build, and its pages are left
out: a shard of nothing else is dropped, one that holds others too is written anew without them. Corpora that differ in
tokenizer, grid or any other setting that decides a page are refused. A, B ... are only read. Run the same command again
to go on after an interruption."""

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
    parser.add_argument("corpora", nargs="+", metavar="A B", help="two finished corpora or more: paths, gs:// ...")
    parser.add_argument("--output", type=place, required=True, metavar="C", help="directory of the joined corpus")
    flags = parser.parse_args(argv)
    return run_command(lambda: merge(flags.corpora, flags.output))


if __name__ == "__main__":
    leave(main())
