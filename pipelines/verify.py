"""Checks a finished corpus on a local disk: `python -m pipelines.verify OUT`.

Prints one line if the corpus is sound, else the first faults and how to fix them.
"""

from __future__ import annotations

import argparse

from pipelines.corpus.verify import verify
from pipelines.runtime.command import DONE, FAILED, leave, run_command
from schemas.support.home import expanded


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.verify",
        description="Check every file, row and sample of a finished corpus.",
        epilog="exit codes: 0 OUT is sound, 1 it is not, 2 OUT is not a corpus or wrong usage, 130 stopped by Ctrl-C",
        allow_abbrev=False,
    )
    parser.add_argument("corpus", type=expanded, metavar="OUT", help="the corpus directory, on a local disk")
    corpus_dir = parser.parse_args(argv).corpus
    faults: list[str] = []
    return run_command(lambda: faults.extend(verify(corpus_dir))) or (FAILED if faults else DONE)


if __name__ == "__main__":
    leave(main())
