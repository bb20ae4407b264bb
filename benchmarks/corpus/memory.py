"""Memory of a build of some thousand pages: resident set of the launcher and of the page processes over time.

python -m benchmarks.corpus.memory --work DIR --pages 2000 \\
    --table benchmarks/results/corpus/memory.md --plot docs/images/memory.png

The pages are generated and have a text layer. The growth is fitted to the second half of the time in which pages are
built, when everything is loaded. Unknown flags are passed to the build.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import psutil
import pymupdf

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish

SAMPLE_S = 0.5
PAGES_PER_DOCUMENT = 100
PAGE_PROCESS = "pipelines.runtime.sandbox_child"
Samples = dict[str, list[tuple[float, float]]]  # by process: (seconds since the start, resident MB)


def write_documents(directory: Path, pages: int, seed: int = 0) -> None:
    """Writes PDFs of 100 pages with about 400 words each."""
    directory.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    for number in range(-(-pages // PAGES_PER_DOCUMENT)):
        with pymupdf.open() as pdf:
            for _ in range(min(PAGES_PER_DOCUMENT, pages - number * PAGES_PER_DOCUMENT)):
                words = " ".join(f"{rng.choice('abcdefgh')}{rng.randrange(10**6)}" for _ in range(400))
                pdf.new_page().insert_textbox((40, 40, 555, 800), words, fontsize=10)
            pdf.save(directory / f"{number:04d}.pdf", no_new_id=True)


def watch(command: list[str]) -> Samples:
    """Runs a command and returns the resident set of each of its processes over time.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    samples: Samples = defaultdict(list)
    started = time.monotonic()
    process = psutil.Popen(command)
    while process.poll() is None:
        for member in [process, *process.children(recursive=True)]:
            try:
                kind = "page process" if PAGE_PROCESS in member.cmdline() else "launcher"
                resident_mb = member.memory_info().rss / 2**20
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
            samples[f"{kind} {member.pid}"].append((time.monotonic() - started, resident_mb))
        time.sleep(SAMPLE_S)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return samples


def slopes(samples: Samples, pages: int) -> dict[str, tuple[float, float]]:
    """Returns by process the peak MB, and the growth in MB per 1,000 pages over the second half of the build."""
    end_s = max(series[-1][0] for name, series in samples.items() if name.startswith("page process"))
    found = {}
    for name, series in samples.items():
        seconds, resident_mb = np.array(series).T
        late = (seconds > end_s / 2) & (seconds <= end_s)  # after this, the launcher draws the report
        if late.sum() >= 10:
            slope_mb_s = np.polyfit(seconds[late], resident_mb[late], 1)[0]
            found[name] = (resident_mb.max(), slope_mb_s * end_s / pages * 1000)
    return found


def plot(samples: Samples, path: Path) -> None:
    """Draws the resident set over time, one line per process."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
    for name, series in samples.items():
        axes.plot(*np.array(series).T, label=name.rpartition(" ")[0], color="C0" if "launcher" in name else "C1")
    axes.set(xlabel="seconds", ylabel="resident set, MB", ylim=(0, None))
    handles, labels = axes.get_legend_handles_labels()
    by_label = dict(zip(labels, handles, strict=True))
    axes.legend(by_label.values(), by_label.keys(), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)


def table(samples: Samples, pages: int, flags: list[str]) -> str:
    """Returns the figures as Markdown."""
    lines = ["| process | peak MB | growth in the second half, MB per 1,000 pages |", "|---|---|---|"]
    for name, (peak_mb, slope_mb) in sorted(slopes(samples, pages).items()):
        lines.append(f"| {name.rpartition(' ')[0]} | {peak_mb:.0f} | {slope_mb:+.1f} |")
    return "\n".join(lines) + f"\n\n{pages} pages, `{' '.join(flags)}`. {machine()}"


def main() -> None:
    """Builds a corpus, watches its memory, and writes table and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="directory for the documents and the corpus")
    parser.add_argument("--pages", type=int, default=2000, help="pages to generate")
    add_table_flag(parser)
    parser.add_argument("--plot", type=Path, required=True, help="PNG file for the plot")
    flags, build_flags = parser.parse_known_args()
    build_flags = build_flags or ["--text_source", "pdf", "--pages_per_shard", "100"]
    inputs, output = flags.work / "documents", flags.work / "corpus"
    write_documents(inputs, flags.pages)
    command = [sys.executable, "-m", "pipelines.build_corpus", "--input", str(inputs), "--output", str(output)]
    samples = watch([*command, *build_flags])
    publish(table(samples, flags.pages, build_flags), flags.table)
    plot(samples, flags.plot)


if __name__ == "__main__":
    main()
