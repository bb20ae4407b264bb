"""Which pages `--text_source auto` reads from the text layer, which by OCR and why; and a sample to judge by eye.

python -m benchmarks.text.auto --pdfs pdfs --pictures drawn --verdicts benchmarks/text/auto_verdicts.csv

Decides on every page. Of OCR, only the few words that the decision needs are read. `--pictures` writes each drawn page
as PNG, with its text layer beside it. The judgements of a person are read from `--verdicts`, a CSV of document, page,
verdict and why, and go into the table.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import cv2
import numpy as np
import pymupdf

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from pipelines.config import PageConfig
from pipelines.ocr.engine import OcrEngine, OcrPage, load_engine
from pipelines.page.reading import PageError
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.pdf import mupdf
from pipelines.sources.pdf.document import PdfDocument
from pipelines.sources.pdf.text.painted import PaintedShares
from pipelines.sources.pdf.text.text_layer import TextLayer
from pipelines.sources.pdf.text.trust import flaw_of_layer

TEXT_LAYER, OTHER_TEXT = "text layer", "shows other text"
AUTO = PageConfig(text_source="auto")
UNJUDGED = ("blank", "corrupt", "no words")


class ReadByOcr(Exception):
    """The page would be read by OCR."""


class Decider:
    """The real engine for the words that a decision needs. It reads no page, and measures its time."""

    def __init__(self, engine: OcrEngine) -> None:
        self.name, self.model, self.version = engine.name, engine.model, engine.version
        self.alphabet = engine.alphabet
        self.cpu_s = 0.0
        self._engine = engine

    def examine(self, image: np.ndarray) -> OcrPage:
        """Ends the decision."""
        raise ReadByOcr

    def read_boxes(self, image: np.ndarray, boxes: np.ndarray) -> list[tuple[str, float]]:
        """Reads words as the engine does."""
        started_s = time.process_time()
        found = self._engine.read_boxes(image, boxes)
        self.cpu_s += time.process_time() - started_s
        return found


@dataclass(frozen=True)
class Decision:
    """A page, counted from 1, and its outcome: `text layer`, `blank`, or the reason why OCR reads it."""

    document: str
    page: int
    outcome: str
    cpu_s: float

    @property
    def source(self) -> str:
        """Returns the source of the words: `pdf` or `ocr`."""
        return "pdf" if self.outcome == TEXT_LAYER else "ocr"


def decisions(folder: Path) -> Iterator[Decision]:
    """Decides on every page below a folder that can be opened."""
    decider = Decider(load_engine("paddleocr"))
    for path in sorted(folder.rglob("*.pdf")):
        try:
            document = mupdf.open_document(path)
        except PageError:
            continue
        pdf = PdfDocument(document)
        for number in range(1, document.page_count + 1):
            with suppress(PageError):  # the page is damaged or too large
                page = mupdf.load_page(document, number)
                yield _decide(pdf, page, str(path.relative_to(folder)), number, decider)


def _decide(pdf: PdfDocument, page: pymupdf.Page, name: str, number: int, decider: Decider) -> Decision:
    started_s, decider.cpu_s = time.process_time(), 0.0
    flaw = flaw_of_layer(TextLayer(page).words(), PaintedShares.of(page))
    decision_s = time.process_time() - started_s
    try:
        pdf.read(number, AUTO, decider, Stopwatch())
        outcome = TEXT_LAYER
    except ReadByOcr:
        outcome = flaw or OTHER_TEXT
    except PageError as error:
        outcome = error.status.value
    return Decision(name, number, outcome, decision_s + decider.cpu_s)


def _rendered(page: pymupdf.Page) -> np.ndarray:
    settings = PageConfig()
    return mupdf.render(page, settings.dpi, settings.image_long_side, settings.max_long_side_px)


def draw(found: list[Decision], count: int, seed: int) -> list[Decision]:
    """Draws `count` pages that OCR reads and `count` with their text layer, each from a different document.

    The pages for OCR come from each reason in turn. Pages without a text layer are not drawn; nothing can be judged.
    """
    order = np.random.default_rng(seed).permutation(len(found))
    queues: dict[str, list[Decision]] = defaultdict(list)
    for at in order:
        queues[found[at].outcome].append(found[at])
    layers = queues.pop(TEXT_LAYER, [])
    reasons = [queues[outcome] for outcome in sorted(queues) if outcome not in UNJUDGED]
    for_ocr = [decision for turn in zip_longest(*reasons) for decision in turn if decision]
    drawn: dict[str, Decision] = {}
    for group, total in ((for_ocr, count), (layers, 2 * count)):
        for decision in group:
            if len(drawn) < total:
                drawn.setdefault(decision.document, decision)
    return list(drawn.values())


def picture(folder: Path, pdfs: Path, number: int, decision: Decision) -> None:
    """Writes the page as PNG, and its text layer as a text file with one line per line."""
    with mupdf.open_document(pdfs / decision.document) as document:
        page = mupdf.load_page(document, decision.page)
        stem = folder / f"{number:02d}-{decision.source}"
        cv2.imwrite(f"{stem}.png", _rendered(page)[:, :, ::-1])
        head = f"{decision.document} p. {decision.page}: {decision.outcome}, {PaintedShares.of(page)}\n"
        Path(f"{stem}.txt").write_text(head + page.get_text("text", sort=True), encoding="utf-8", errors="replace")


def counts_table(found: list[Decision]) -> str:
    """Returns the number of pages by outcome, as Markdown."""
    counts = Counter(decision.outcome for decision in found)
    rows = [f"| {outcome} | {count} | {count / len(found):.3f} |" for outcome, count in counts.most_common()]
    mean_ms = 1000 * np.mean([entry.cpu_s for entry in found])
    cost = f"{len(found)} pages; the decision takes {mean_ms:.1f} CPU-ms per page."
    return "\n".join(["| outcome | pages | share |\n|---|---|---|", *rows, "", cost])


def verdicts_table(drawn: list[Decision], verdicts: Path) -> str:
    """Returns the drawn pages with the judgements of a person, as Markdown."""
    with verdicts.open(encoding="utf-8", newline="") as file:
        judged = {(row["document"], int(row["page"])): row for row in csv.DictReader(file)}
    rows = [(entry, judged[entry.document, entry.page]) for entry in drawn if (entry.document, entry.page) in judged]
    counts = Counter((entry.source, row["verdict"]) for entry, row in rows)
    summary = [f"| {source} | {verdict} | {count} |" for (source, verdict), count in sorted(counts.items())]
    lines = [
        f"| {entry.document} | {entry.page} | {entry.source}: {entry.outcome} | {row['verdict']} | {row['why']} |"
        for entry, row in rows
    ]
    head = "| document | page | decision | verdict | why |\n|---|---|---|---|---|"
    return "\n".join(["| source | verdict | pages |\n|---|---|---|", *summary, "", head, *lines])


def main() -> None:
    """Counts, draws pages, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdfs", type=Path, required=True, help="a directory of documents")
    parser.add_argument("--draw", type=int, default=25, help="pages to draw per source")
    parser.add_argument("--seed", type=int, default=0, help="for the draw")
    parser.add_argument("--pictures", type=Path, help="directory for the pictures of the drawn pages")
    parser.add_argument("--verdicts", type=Path, help="CSV with the columns document, page, verdict, why")
    add_table_flag(parser)
    flags = parser.parse_args()
    found = list(decisions(flags.pdfs))
    drawn = draw(found, flags.draw, flags.seed)
    if flags.pictures:
        flags.pictures.mkdir(parents=True, exist_ok=True)
        for number, decision in enumerate(drawn):
            picture(flags.pictures, flags.pdfs, number, decision)
    parts = [counts_table(found), *([verdicts_table(drawn, flags.verdicts)] if flags.verdicts else []), machine()]
    publish("\n\n".join(parts), flags.table)


if __name__ == "__main__":
    main()
