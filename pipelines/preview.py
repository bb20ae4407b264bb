"""Shows pages of a corpus as the model sees them: `python -m pipelines.preview OUT` writes one HTML file."""

from __future__ import annotations

import argparse

from pipelines.report.preview import preview
from pipelines.runtime.command import leave, run_command
from schemas.support.arguments import positive
from schemas.support.home import expanded

DESCRIPTION = """\
Show pages of a finished corpus in one self-contained HTML file: the page image, on which words, lines, reading order,
grid cells and scores can be shown, the text in reading order, and the tokens of the word under the pointer.

  python -m pipelines.preview corpus
  python -m pipelines.preview corpus --key 0123456789abcdef-00001 --output page.html"""


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.preview",
        description=DESCRIPTION,
        epilog="exit codes: 0 done, 1 the corpus is damaged, 2 wrong usage",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("corpus", type=expanded, metavar="OUT", help="the corpus directory, on a local disk")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--key", nargs="+", default=[], metavar="K", help="show these pages")
    chosen.add_argument(
        "--random", type=positive, default=6, metavar="N", help="show N random pages (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random choice (default: %(default)s)")
    parser.add_argument(
        "--output",
        type=expanded,
        default="preview.html",
        metavar="FILE",
        help="file to write (default: %(default)s)",
    )
    flags = parser.parse_args(argv)
    return run_command(lambda: preview(flags.corpus, flags.key, flags.random, flags.seed, flags.output))


if __name__ == "__main__":
    leave(main())
