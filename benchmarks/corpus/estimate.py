"""Error of `--dry_run`: its core-hours and bytes compared with those of the build that follows.

python -m benchmarks.corpus.estimate --input 'pdfs/**/*.pdf' --work DIR --max_pages 200 \\
    --table benchmarks/results/corpus/estimate.md

The real figures include the whole command: Beam, page processes, report, and the start of each process. Documents are
drawn at random from the input until they have `--max_pages` pages. Unknown flags are passed to the build.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.corpus.real_run import watch
from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from pipelines.build.discover import discover
from schemas import CorpusIndex

SPREAD = r"([\d.,e-]+) \(([\d.,e-]+) to ([\d.,e-]+)\) "


def draw(inputs: list[str], max_pages: int, seed: int) -> list[str]:
    """Returns random documents with at most `max_pages` pages in total; one that does not open counts as one page."""
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    uris = discover(tuple(inputs))
    random.Random(seed).shuffle(uris)
    drawn, pages = [], 0
    for uri in uris:
        try:
            with pymupdf.open(uri) as document:
                count = 1 if document.needs_pass else max(1, document.page_count)
        except (RuntimeError, ValueError):
            count = 1
        if pages + count <= max_pages:
            drawn.append(uri)
            pages += count
    return drawn


def estimated(command: list[str]) -> dict[str, list[float]]:
    """Returns the dry run's core-hours and GB: for each the value and both ends of the interval.

    Raises:
        ValueError: the log of the dry run contains no estimate.
    """
    log = subprocess.run([*command, "--dry_run"], check=True, capture_output=True, text=True).stderr
    print(log)
    found = {}
    for unit in ("core-hours", "GB"):
        match = re.search(SPREAD + unit, log)
        if not match:
            raise ValueError(f"no estimate of {unit} in: {log}")
        found[unit] = [float(figure.replace(",", "")) for figure in match.groups()]
    return found


def compare(command: list[str], output: Path) -> str:
    """Runs the dry run and the build; returns one row of the table per figure."""
    guess = estimated(command)
    _, cpu_s, _ = watch(command)
    totals = CorpusIndex.read(output).totals
    real = {"core-hours": cpu_s / 3600, "GB": totals["bytes"] / 1e9}
    flags = " ".join(command[command.index("--workers") :])
    rows = [
        f"| `{flags}` | {totals['pages']} | {unit} | {value:.3g} | {low:.3g} to {high:.3g} | {real[unit]:.3g} "
        f"| {100 * (value / real[unit] - 1):+.1f} % |"
        for unit, (value, low, high) in guess.items()
    ]
    return "\n".join(rows)


def main() -> None:
    """Compares, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", nargs="+", required=True, help="as for pipelines.build_corpus")
    parser.add_argument(
        "--work", type=Path, required=True, help="new directory, for the list of documents and the corpus"
    )
    parser.add_argument("--max_pages", type=int, default=10**9, help="pages to draw at most")
    parser.add_argument("--seed", type=int, default=0, help="for the draw of documents")
    add_table_flag(parser)
    flags, build_flags = parser.parse_known_args()
    flags.work.mkdir(parents=True)
    documents, output = flags.work / "documents.txt", flags.work / "corpus"
    documents.write_text("\n".join(draw(flags.input, flags.max_pages, flags.seed)))
    command = [sys.executable, "-m", "pipelines.build_corpus", "--input", str(documents), "--output", str(output)]
    rows = compare([*command, "--workers", "2", *build_flags], output)
    head = "| flags | pages | | estimate | 80 % interval | real | error |\n|---|---|---|---|---|---|---|"
    publish(f"{head}\n{rows}\n\n{machine()}", flags.table)


if __name__ == "__main__":
    main()
