"""Pages per second of one core with the text layer, with `auto` and with OCR: CPU-seconds of builds of the same pages.

python -m benchmarks.text.text_source --input 'pdfs/**/*.pdf' --output corpora \\
    --table benchmarks/results/text/text_source.md
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.corpus.real_run import watch
from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from pipelines.config import TEXT_SOURCES


@dataclass(frozen=True)
class Build:
    """CPU-seconds of a build, and its manifest columns `status` and `text_source` as pairs."""

    cpu_s: float
    pages: list[tuple[str, str]]

    @classmethod
    def run(cls, inputs: list[str], output: Path, text_source: str) -> Build:
        """Builds a corpus with one page process."""
        command = [sys.executable, "-m", "pipelines.build_corpus", "--input", *inputs, "--output", str(output)]
        cpu_s = watch([*command, "--workers", "1", "--text_source", text_source])[1]
        rows = pq.read_table(output / "manifest.parquet", columns=["page", "status", "text_source"]).to_pylist()
        return cls(cpu_s, [(row["status"], row["text_source"]) for row in rows if row["page"]])

    def mix(self) -> str:
        """Returns the number of pages by source, and of pages that were not stored."""
        counts = Counter(source if status == "ok" else "not stored" for status, source in self.pages)
        return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def row(name: str, build: Build, start_up: Build) -> str:
    """Returns a row of the table. Start-up is what a build of few pages costs beyond the cost of these pages."""
    page_s = (build.cpu_s - start_up.cpu_s) / (len(build.pages) - len(start_up.pages))
    start_up_s = start_up.cpu_s - len(start_up.pages) * page_s
    whole = len(build.pages) / build.cpu_s
    return f"| {name} | {build.mix()} | {1000 * page_s:.0f} | {1 / page_s:.1f} | {start_up_s:.1f} | {whole:.1f} |"


def main() -> None:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", nargs="+", required=True, help="as for pipelines.build_corpus")
    parser.add_argument(
        "--small", required=True, help="one of the documents, with few pages; shows the cost of start-up"
    )
    parser.add_argument("--output", type=Path, required=True, help="directory for the corpora")
    add_table_flag(parser)
    parser.add_argument("--sources", nargs="+", choices=TEXT_SOURCES, default=["pdf", "auto", "ocr"])
    flags = parser.parse_args()
    lines = [
        "| `--text_source` | pages | CPU-ms per page | pages/s/core | start-up, CPU-s | pages/s/core with start-up |",
        "|---|---|---|---|---|---|",
    ]
    for source in flags.sources:
        start_up = Build.run([flags.small], flags.output / f"{source}-small", source)
        lines.append(row(source, Build.run(flags.input, flags.output / source, source), start_up))
    publish("\n".join([*lines, "", machine()]), flags.table)


if __name__ == "__main__":
    main()
