"""Prints the table of a measurement and puts it into its page in `benchmarks/results/`.

A page is Markdown written by hand, with two marker lines. Only what stands between them is replaced.
"""

from __future__ import annotations

import argparse
from pathlib import Path

BEGIN, END = "<!-- table written by the benchmark -->", "<!-- end of the table -->"


def add_table_flag(parser: argparse.ArgumentParser) -> None:
    """Adds `--table`. A page without the markers is refused before anything is measured."""
    parser.add_argument(
        "--table", type=_page, help="Markdown page for the table: new, or with the two marker lines to write between"
    )


def publish(table: str, page: Path | None) -> None:
    """Prints a table and, if a page is given, writes it between the markers of that page.

    Args:
        table: Markdown.
        page: a new file, or one that holds both markers; the text around them stays.

    Raises:
        ValueError: the page lacks a marker.
    """
    print(table)
    if page:
        before, after = _around_table(page)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"{before}{BEGIN}\n\n{table.strip()}\n\n{END}{after}", encoding="utf-8")


def _page(name: str) -> Path:
    try:
        _around_table(Path(name))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return Path(name)


def _around_table(page: Path) -> tuple[str, str]:
    """Returns the text before the first marker and after the second."""
    if not page.exists():
        return "", "\n"
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} needs the line {BEGIN} and below it the line {END}: add them or name a new file")
    return before, after
