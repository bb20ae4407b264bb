"""Quality of lines, reading order and skew: pairwise same-line F1, Kendall tau, degrees.

python -m benchmarks.text.lines --samples SAMPLES --data ../shared/data --ocr paddleocr \\
    --table benchmarks/results/text/lines.md

Two words of a page on one line are a pair. Precision is the share of the predicted pairs that are true. Recall is the
share of the true pairs that are predicted. F1 is their harmonic mean over all pages of a set. A page with many words
has many pairs, so the table also gives the mean F1 per page. `python -m pipelines.samples` writes SAMPLES.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pymupdf

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from benchmarks.text.line_picture import draw_gallery
from benchmarks.text.line_truth import (
    UNKNOWN,
    KnownPage,
    Scan,
    receipt_pages,
    sample_pages,
    scanned_pages,
    stored_by_columns,
    text_layer_pages,
)
from pipelines.lines.order import order_words
from pipelines.ocr.engine import load_engine

MAX_TEXT_LAYER_PAGES = 5  # per document
WORST = 10
Reader = Callable[[np.ndarray, float, float], tuple[np.ndarray, np.ndarray]]


@dataclass
class Tally:
    """Counts of pairs of words on one line: right predictions, all predictions, true pairs."""

    right: int = 0
    predicted: int = 0
    true: int = 0

    @property
    def f1(self) -> float:
        """Returns the harmonic mean of precision and recall; 1 if there are neither true nor predicted pairs."""
        return 2 * self.right / (self.predicted + self.true) if self.predicted + self.true else 1.0

    def row(self) -> str:
        """Returns precision, recall and F1 as cells of a table."""
        return f"{self.right / max(1, self.predicted):.4f} | {self.right / max(1, self.true):.4f} | **{self.f1:.4f}**"


def greedy_rows(boxes: np.ndarray, width: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns order and line by the usual baseline: a word joins the last row if it overlaps that row by half."""
    rows: list[list[int]] = []
    bands: list[list[float]] = []
    for word in np.lexsort((boxes[:, 0], boxes[:, 1])):
        top, bottom = boxes[word, 1], boxes[word, 3]
        if rows and min(bottom, bands[-1][1]) - max(top, bands[-1][0]) >= 0.5 * min(bottom - top, np.ptp(bands[-1])):
            rows[-1].append(int(word))
        else:
            rows.append([int(word)])
            bands.append([top, bottom])
    ordered = [sorted(row, key=lambda word: boxes[word, 0]) for row in rows]
    return np.concatenate(ordered), np.repeat(np.arange(len(ordered)), [len(row) for row in ordered])


def pairs(counts: Iterable[int]) -> int:
    """Returns the number of pairs within groups of the given sizes."""
    return sum(count * (count - 1) // 2 for count in counts)


def tally(page: KnownPage, order: np.ndarray, line: np.ndarray) -> Tally:
    """Returns the counts of pairs on a page, for the words whose line is known."""
    found = np.empty(len(order), int)
    found[order] = line
    known = page.line != UNKNOWN
    both = np.unique(np.stack([page.line[known], found[known]]), axis=1, return_counts=True)[1]
    predicted, true = (np.unique(ids[known], return_counts=True)[1] for ids in (found, page.line))
    return Tally(pairs(both.tolist()), pairs(predicted.tolist()), pairs(true.tolist()))


def kendall_tau(page: KnownPage, order: np.ndarray) -> float:
    """Returns the agreement of the order with the true lines, over pairs of words on different lines; 1 is perfect."""
    line = page.line[order]
    line = line[line != UNKNOWN]
    steps = np.sign(line[None, :] - line[:, None])[np.triu_indices(len(line), 1)]
    return float(steps.sum() / max(1, np.count_nonzero(steps)))


READERS: dict[str, Reader] = {"Folio": order_words, "greedy rows": greedy_rows}


class Report:
    """Results of both readers on sets of pages, and the worst pages of each set."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.worst: dict[str, list[tuple[float, KnownPage]]] = {}
        self.cpu_s, self.words = 0.0, 0

    def add(self, title: str, pages: list[KnownPage]) -> None:
        """Measures one set of pages, and adds one row per reader."""
        for name, reader in READERS.items():
            total, f1s, taus, scored = Tally(), [], [], []
            for page in pages:
                started_s = time.process_time()
                order, line = reader(page.boxes, page.width, page.height)
                if name == "Folio":
                    self.cpu_s += time.process_time() - started_s
                    self.words += len(page.boxes)
                part = tally(page, order, line)
                total = Tally(total.right + part.right, total.predicted + part.predicted, total.true + part.true)
                f1s.append(part.f1)
                page_tau = [kendall_tau(page, order)] if page.ordered else []
                taus += page_tau
                scored.append((min([part.f1, *page_tau]), page))
            tau = f"{np.mean(taus):.4f}" if taus else ""
            self.rows.append(f"| {title} | {len(pages)} | {name} | {total.row()} | {np.mean(f1s):.4f} | {tau} |")
            if name == "Folio":
                self.worst[title] = sorted(scored, key=lambda entry: entry[0])[:WORST]

    def markdown(self) -> str:
        """Returns the table of all sets."""
        columns = ("pages", "count", "reader", "precision", "recall", "F1", "mean F1 per page", "Kendall tau")
        head = f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|"
        cost = f"{1000 * self.cpu_s / max(1, self.words) * 500:.0f} CPU-ms for 500 words (Folio)"
        return "\n".join([head, *self.rows, "", cost])


def skew_table(scans: list[Scan]) -> str:
    """Returns the error of the skew by kind of document, as Markdown."""
    errors: dict[str, list[float]] = defaultdict(list)
    for scan in scans:
        for kind in (scan.page.kind, "all"):
            errors[kind].append(abs(scan.found_skew_deg - scan.true_skew_deg))
    head = "| scans | pages | mean error, degrees | largest |\n|---|---|---|---|"
    rows = [f"| {kind} | {len(e)} | {np.mean(e):.3f} | {max(e):.3f} |" for kind, e in sorted(errors.items())]
    return "\n".join([head, *rows])


def main() -> int:
    """Measures, and writes the tables and the gallery."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, required=True, help="a directory that pipelines.samples has written")
    parser.add_argument("--data", type=Path, help="a directory with */pdfs and */groundtruth/sroie")
    parser.add_argument("--ocr", help="engine that also reads the scans")
    add_table_flag(parser)
    parser.add_argument("--gallery", type=Path, help="HTML file for the ten worst pages of each set")
    options = parser.parse_args()

    pymupdf.TOOLS.mupdf_display_errors(False)
    report, tables = Report(), []
    for skew_deg in (0.0, 0.5, -0.5):
        pages = list(sample_pages(options.samples, skew_deg))
        report.add(f"generated, true words, {skew_deg:+.1f} degrees", pages)
        if skew_deg == 0:
            for kind, title in (("article", "articles"), ("block_form", "forms in blocks")):
                report.add(f"of these, {title}", [page for page in pages if page.kind == kind])
            report.add("generated, without forms in blocks", [page for page in pages if page.kind != "block_form"])
    if options.ocr:
        scans = list(scanned_pages(options.samples, load_engine(options.ocr)))
        report.add(f"generated scans, words by {options.ocr}", [scan.page for scan in scans])
        tables.append(skew_table(scans))
    if options.data:
        paths = sorted(options.data.glob("small/pdfs/**/*.pdf")) + sorted(options.data.glob("bench/pdfs/**/*.pdf"))
        layers = list(text_layer_pages(paths, MAX_TEXT_LAYER_PAGES, by_rule=False))
        report.add("text layer, MuPDF's lines", layers)
        articles = [page for page in layers if page.ordered]
        report.add("of these, two-column articles", articles)
        report.add("of these, stored column by column", [page for page in articles if stored_by_columns(page)])
        by_rule = list(text_layer_pages(paths, MAX_TEXT_LAYER_PAGES, by_rule=True))
        report.add("text layer, its lines joined by rule", by_rule)
        receipts = [page for folder in options.data.glob("*/groundtruth/sroie/data") for page in receipt_pages(folder)]
        report.add("SROIE receipts, labelled boxes", receipts)
    publish("\n\n".join([report.markdown(), *tables, machine()]), options.table)
    if options.gallery:
        draw_gallery(options.gallery, report.worst)
    return 0


if __name__ == "__main__":
    sys.exit(main())
