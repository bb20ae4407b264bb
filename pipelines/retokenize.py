"""Makes a corpus for another tokenizer: `python -m pipelines.retokenize OUT --tokenizer X --output OUT2`."""

from __future__ import annotations

import argparse
import os

from pipelines.corpus.retokenize import retokenize
from pipelines.runtime.arguments import place
from pipelines.runtime.command import leave, run_command
from schemas.support.arguments import positive
from schemas.support.home import expanded

DESCRIPTION = """\
Make a corpus for another tokenizer from a finished corpus, without OCR.

  python -m pipelines.retokenize corpus --tokenizer google/flan-t5-base --output corpus-flan
  python -m pipelines.retokenize gs://bucket/corpus --tokenizer own.model --output gs://bucket/corpus-own

OUT2 gets the unchanged images and pages of OUT, new token arrays, and new tables, index, report and card: the same as
pipelines.build_corpus --tokenizer X would write. OUT is only read. Run the same command again to continue after an
interruption: finished shards are kept."""

EXIT_CODES = "exit codes: 0 OUT2 is complete, 1 the run failed, 2 wrong usage, 130 stopped by Ctrl-C, 143 by SIGTERM"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.retokenize",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("corpus", type=expanded, metavar="OUT", help="a finished corpus: a path, gs://, s3:// ...")
    parser.add_argument(
        "--tokenizer",
        type=expanded,
        required=True,
        metavar="X",
        help="SentencePiece model, tokenizer.json, a directory with one of them, a hub name, or t5 (packaged)",
    )
    parser.add_argument("--output", type=place, required=True, metavar="OUT2", help="directory of the new corpus")
    parser.add_argument(
        "--workers",
        type=positive,
        default=os.cpu_count() or 1,
        help="number of processes; each makes one shard at a time (default: one per core, %(default)s here)",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    flags = _parser().parse_args(argv)
    return run_command(lambda: retokenize(flags.corpus, flags.tokenizer, flags.output, flags.workers))


if __name__ == "__main__":
    leave(main())
