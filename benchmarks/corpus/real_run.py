"""Cost of a whole build: pages by status, pages/s, CPU-seconds per page, bytes per sample, peak memory.

python -m benchmarks.corpus.real_run --input 'pdfs/**/*.pdf' --output corpus \\
    --table benchmarks/results/corpus/real_run.md
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import psutil
import pyarrow.parquet as pq

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from schemas import CorpusIndex

SAMPLE_S = 1.0


def watch(command: list[str]) -> tuple[float, float, dict[str, float]]:
    """Runs a command.

    Returns:
        Wall seconds, CPU-seconds of the command and all its children, and peak resident MB by kind of process.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    peaks: dict[str, float] = defaultdict(float)
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = psutil.Popen(command)
    while process.poll() is None:
        for member in [process, *process.children(recursive=True)]:
            try:
                kind = "page process" if "pipelines.runtime.sandbox_child" in member.cmdline() else "launcher"
                peaks[kind] = max(peaks[kind], member.memory_info().rss / 2**20)
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        time.sleep(SAMPLE_S)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, cpu_s, dict(peaks)


def table(output: Path, wall_s: float, cpu_s: float, peaks: dict[str, float]) -> str:
    """Returns the results as Markdown."""
    index = CorpusIndex.read(output)
    rows = pq.read_table(output / "manifest.parquet", columns=["uri", "page"]).to_pylist()
    attempted, samples = index.totals["pages"], index.totals["samples"]
    distinct = len({(row["uri"], row["page"]) for row in rows})
    status = ", ".join(f"{count} {name}" for name, count in index.totals["status"].items())
    memory = ", ".join(f"{kind} {peak:.0f} MB" for kind, peak in sorted(peaks.items()))
    figures = {
        "documents": f"{index.totals['documents']}",
        "rows in the manifest": f"{len(rows)}, no page or document twice: {distinct == len(rows)}",
        "by status": status,
        "pages attempted, samples": f"{attempted}, {samples}",
        "words, tokens": f"{index.totals['words']}, {index.totals['tokens']}",
        "wall time": f"{wall_s:.0f} s, {attempted / wall_s:.2f} pages/s",
        "CPU-seconds per page": f"{cpu_s / attempted:.2f}",
        "bytes per sample": f"{index.totals['bytes'] / max(1, samples):.0f}",
        "peak resident memory": memory,
    }
    body = "\n".join(f"| {name} | {value} |" for name, value in figures.items())
    return f"| | |\n|---|---|\n{body}\n\n{machine()}"


def main() -> None:
    """Builds the corpus and writes the table. Unknown flags are passed to the build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", nargs="+", required=True, help="as for pipelines.build_corpus")
    parser.add_argument("--output", type=Path, required=True, help="directory for the corpus")
    add_table_flag(parser)
    flags, build_flags = parser.parse_known_args()
    arguments = ["--input", *flags.input, "--output", str(flags.output), *build_flags]
    command = [sys.executable, "-m", "pipelines.build_corpus", *arguments]
    publish(table(flags.output, *watch(command)), flags.table)


if __name__ == "__main__":
    main()
