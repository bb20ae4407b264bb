"""Builds a corpus from damaged PDFs. No document may end the run, and each must have its rows in the manifest.

python -m benchmarks.corpus.fuzz --work DIR --documents 3000 --seed 0 --table benchmarks/results/corpus/fuzz.md

The documents are mutations of generated PDFs with text, drawings and pictures. Unknown flags are passed to the build,
such as `--text_source pdf`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.corpus.mutations import MUTATIONS, write_mutants
from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish

NO_LIMIT = ("--max_failed_share", "1")


def build(inputs: Path, output: Path, flags: list[str]) -> tuple[int, float]:
    """Builds a corpus; returns the exit code and the wall-clock seconds."""
    command = [sys.executable, "-m", "pipelines.build_corpus", "--input", str(inputs), "--output", str(output)]
    started = time.monotonic()
    code = subprocess.run([*command, *NO_LIMIT, *flags], check=False).returncode
    return code, time.monotonic() - started


def missing_rows(inputs: Path, output: Path) -> list[str]:
    """Returns the pages and documents that lack their row in the manifest or have it twice."""
    plan = {row["uri"]: row for row in pq.read_table(output / "plan.parquet").to_pylist()}
    found = Counter((row["uri"], row["page"]) for row in pq.read_table(output / "manifest.parquet").to_pylist())
    expected: Counter[tuple[str, int]] = Counter()
    for path in inputs.glob("*.pdf"):
        document = plan.get(str(path), {"status": "missing", "pages": 0})
        pages = range(1, document["pages"] + 1) if document["status"] == "ok" else [0]
        expected.update((str(path), page) for page in pages)
    return sorted(f"{uri}, page {page}" for uri, page in (expected - found) + (found - expected))


def table(inputs: Path, output: Path, wall_s: float, wrong: list[str]) -> str:
    """Returns the statuses of the rows by kind of mutation, as Markdown."""
    rows = pq.read_table(output / "manifest.parquet", columns=["uri", "status"]).to_pylist()
    by_kind: dict[str, Counter[str]] = {kind: Counter() for kind in MUTATIONS}
    for row in rows:
        by_kind[Path(row["uri"]).name.partition("-")[0]][row["status"]] += 1
    lines = ["| mutation | documents | rows by status |", "|---|---|---|"]
    for kind, statuses in by_kind.items():
        documents = len(list(inputs.glob(f"{kind}-*.pdf")))
        lines.append(f"| {kind} | {documents} | {', '.join(f'{n} {name}' for name, n in statuses.most_common())} |")
    total = f"{len(list(inputs.glob('*.pdf')))} documents, {len(rows)} rows, {len(wrong)} missing or duplicated"
    return "\n".join(lines) + f"\n\n{total}; {wall_s:.0f} s. {machine()}"


def main() -> int:
    """Builds from damaged documents; returns 1 if the build failed or a row is missing or duplicated."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="directory for the documents and the corpus")
    parser.add_argument("--documents", type=int, default=3000, help="damaged documents to make")
    parser.add_argument("--seed", type=int, default=0, help="for the damage")
    add_table_flag(parser)
    flags, build_flags = parser.parse_known_args()
    inputs, output = flags.work / "mutants", flags.work / "corpus"
    write_mutants(inputs, flags.documents, flags.seed)
    code, wall_s = build(inputs, output, build_flags)
    if code:
        print(f"the build ended with exit code {code}")
        return 1
    wrong = missing_rows(inputs, output)
    publish(table(inputs, output, wall_s, wrong), flags.table)
    print(*wrong[:20], sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
