"""Orientation and skew: how many rotated and skewed pages come out upright, the F1 of their words, and the cost.

python -m benchmarks.text.upright --samples SAMPLES --pdfs pdfs --count 24 --table benchmarks/results/text/upright.md

Every page is put into a PDF of one image, rotated by 90, 180 or 270 degrees or skewed by some degrees, and built by the
page builder. The F1 compares its words with those of the same page before rotation. `python -m pipelines.samples`
writes SAMPLES. Born-digital pages among them are also rotated with their text layer.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pymupdf

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from benchmarks.text.ocr_pages import DPI, known_pages
from pipelines.build.pages import PageBuilder, PageTask
from pipelines.config import PageConfig
from pipelines.ocr.engine import OcrEngine, load_engine
from pipelines.ocr.networks.weights import orientation_weights
from pipelines.ocr.orientation import Orientation
from pipelines.ocr.paddle import PaddleEngine
from pipelines.page.assemble import PageId
from pipelines.page.deskew import deskew
from schemas import Page, decode_page, load_tokenizer

TURNS = (0, 90, 180, 270)
SKEWS = (-10.0, -7.0, -4.0, -2.0, -1.0, 1.0, 2.0, 4.0, 7.0, 10.0)
MARGIN = 0.08  # paper added around a page before it is skewed, so that nothing is cut off; share of each side
JPEG_QUALITY = 85
REPEATS, TIMED_PAGES = 3, 8  # of the measurement of time


@dataclass
class Tally:
    """Pages of one kind: how many are upright, F1 of their words, error in degrees."""

    upright: int = 0
    f1: list[float] = field(default_factory=list)
    error_deg: list[float] = field(default_factory=list)

    def row(self) -> str:
        """Returns the cells of the table."""
        count = len(self.f1)
        degrees = f"{np.mean(self.error_deg):.3f} | {max(self.error_deg):.3f}" if self.error_deg else " | "
        return f"{count} | {self.upright} | {self.upright / max(1, count):.3f} | {np.mean(self.f1):.4f} | {degrees}"


def image_pdf(image: np.ndarray) -> bytes:
    """Returns a PDF with one page that is one image, `(height, width, 3)` uint8 RGB at `DPI`."""
    _, jpg = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    with pymupdf.open() as document:
        page = document.new_page(width=image.shape[1] * 72 / DPI, height=image.shape[0] * 72 / DPI)
        page.insert_image(page.rect, stream=jpg.tobytes())
        return document.tobytes(no_new_id=True)


def turned_layer(pdf: bytes, turn: int) -> bytes:
    """Returns the first page of a PDF as a page whose content, including the text layer, is rotated clockwise."""
    with pymupdf.open(stream=pdf, filetype="pdf") as source, pymupdf.open() as document:
        width, height = source[0].rect.width, source[0].rect.height
        page = document.new_page(width=height if turn % 180 else width, height=width if turn % 180 else height)
        page.show_pdf_page(page.rect, source, 0, rotate=-turn)
        return document.tobytes(no_new_id=True)


def f1(found: Page, expected: Page) -> float:
    """Returns the F1 of the words as multisets."""
    ours, theirs = Counter(word.text for word in found.words), Counter(word.text for word in expected.words)
    return 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())


class Bench:
    """Builds pages one by one and counts the results."""

    def __init__(self, engine: OcrEngine, folder: Path) -> None:
        self.tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
        self._path = folder / "page.pdf"
        self._build = {
            source: PageBuilder(PageConfig(text_source=source), engine, load_tokenizer()) for source in ("ocr", "auto")
        }
        self._number = 0

    def page(self, pdf: bytes, source: str = "ocr") -> Page | None:
        """Returns the page that the builder makes from the first page of a PDF, if any."""
        self._number += 1  # a new document each time, because the builder keeps the last one open
        path = self._path.with_stem(f"page-{self._number}")
        path.write_bytes(pdf)
        sample = self._build[source](PageTask(PageId(path.name, f"{self._number:064x}", 1, 1), path)).sample
        path.unlink()
        return decode_page(sample["json"]) if sample else None

    def turns(self, kind: str, image: np.ndarray) -> None:
        """Builds an upright page in all four rotations."""
        straight = self.page(image_pdf(image))
        if straight is None:
            return
        for turn in TURNS:
            found = self.page(image_pdf(np.ascontiguousarray(np.rot90(image, -turn // 90)))) if turn else straight
            self._add(kind, f"rotated by {turn}", found, straight, found is not None and found.rotation == -turn % 360)

    def skews(self, kind: str, image: np.ndarray) -> None:
        """Builds an upright page with each skew of `SKEWS`."""
        border = [round(MARGIN * side) for side in image.shape[:2]]
        paper = [int(level) for level in np.median(image.reshape(-1, 3), axis=0)]
        wide = cv2.copyMakeBorder(image, border[0], border[0], border[1], border[1], cv2.BORDER_CONSTANT, value=paper)
        straight = self.page(image_pdf(wide))
        if straight is None or straight.rotation:
            return
        for skew_deg in SKEWS:  # replaces the scan's own skew
            found = self.page(image_pdf(deskew(wide, straight.skew_deg - skew_deg)))
            error_deg = abs(found.skew_deg - skew_deg) if found else 90.0
            name = f"skewed by {abs(skew_deg):g}"
            self._add(kind, name, found, straight, error_deg < 0.5 and found is not None and not found.rotation)
            self.tallies[kind, name].error_deg.append(error_deg)

    def layers(self, pdf: bytes) -> None:
        """Builds a typeset page in all four rotations from its text layer."""
        straight = self.page(turned_layer(pdf, 0), "auto")
        if straight is None or straight.text_source != "pdf":
            return
        for turn in TURNS:
            found = self.page(turned_layer(pdf, turn), "auto")
            good = found is not None and found.rotation == -turn % 360 and found.text_source == "pdf"
            self._add("text layer", f"rotated by {turn}", found, straight, good)

    def _add(self, kind: str, name: str, found: Page | None, expected: Page, upright: bool) -> None:
        tally = self.tallies[kind, name]
        tally.upright += upright
        tally.f1.append(f1(found, expected) if found else 0.0)

    def markdown(self) -> str:
        """Returns the table."""
        columns = ("pages", "change", "count", "upright", "share", "F1 of words", "mean error, degrees", "largest")
        rows = [f"| {kind} | {name} | {tally.row()} |" for (kind, name), tally in self.tallies.items()]
        return "\n".join([f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows])


def cost(engine: PaddleEngine, images: list[np.ndarray]) -> str:
    """Returns a sentence on the cost of finding the orientation of upright pages, compared with reading them."""
    orientation = Orientation(orientation_weights())
    orientation_s, reading_s = 0.0, 0.0
    for image in images:
        bgr = np.ascontiguousarray(image[:, :, ::-1])
        find = partial(orientation.rotation, bgr, engine.detect(bgr), engine.lines)
        orientation_s += min(_cpu_s(find) for _ in range(REPEATS))
        reading_s += min(_cpu_s(partial(_read, engine, image)) for _ in range(REPEATS))
    return (
        f"Finding the orientation takes {1000 * orientation_s / len(images):.0f} CPU-ms per upright page, "
        f"{orientation_s / reading_s:.1%} of the {1000 * reading_s / len(images):.0f} CPU-ms that the OCR engine takes "
        f"({len(images)} typeset pages)."
    )


def _read(engine: PaddleEngine, image: np.ndarray) -> None:
    engine.examine(image).words()


def _cpu_s(work: Callable[[], object]) -> float:
    started_s = time.process_time()
    work()
    return time.process_time() - started_s


def scans(paths: list[Path]) -> Iterator[np.ndarray]:
    """Yields the first page of each document as `(height, width, 3)` uint8 RGB at `DPI`."""
    for path in paths:
        with pymupdf.open(path) as document:
            pixels = document[0].get_pixmap(dpi=DPI, colorspace="rgb", alpha=False)
            yield np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3)


def main() -> None:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, required=True, help="directory that pipelines.samples has written")
    parser.add_argument("--pdfs", type=Path, required=True, help="directory of real documents")
    parser.add_argument("--count", type=int, default=24, help="real pages, and at most as many generated ones")
    parser.add_argument("--ocr", default="paddleocr", help="OCR engine")
    add_table_flag(parser)
    flags = parser.parse_args()
    pymupdf.TOOLS.mupdf_display_errors(False)
    engine = load_engine(flags.ocr)
    real = [page.image for page in known_pages(sorted(flags.pdfs.rglob("*.pdf")), flags.count)]
    generated = sorted(flags.samples.glob("*.pdf"))[: flags.count]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(engine, Path(folder))
        for kind, images in (("real", real), ("generated", list(scans(generated)))):
            for number, image in enumerate(images):
                bench.turns(kind, image)
                if number < len(images) // 4:
                    bench.skews(kind, image)
        for path in generated:
            bench.layers(path.read_bytes())
        parts = [bench.markdown(), machine()]
    if isinstance(engine, PaddleEngine):
        parts.insert(1, cost(engine, real[:TIMED_PAGES]))
    publish("\n\n".join(parts), flags.table)


if __name__ == "__main__":
    main()
