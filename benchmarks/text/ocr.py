"""Cost and quality of OCR: Folio's engines compared with others, on the same pages in one run.

python -m benchmarks.text.ocr --pdfs 'pdfs/**/*.pdf' --samples samples --receipts sroie --ocrmypdf PROGRAM \\
    --pdf2dataset PYTHON --table benchmarks/results/text/ocr.md

Every engine reads the same images twice, in its own process, on one thread. The first pass includes compilation for new
input shapes; the second one is the steady state. The engines alternate page by page, so other load on the machine
affects all of them. Folio's engines also find the orientation of the page, as in a build. The words of a page are
compared with the true words as multisets of exact strings (after NFKC). The stock loop is `PaddleOCR.predict` with the
same weights and their published thresholds, on ONNX Runtime's CPU provider. The programs of `benchmarks.text.ocr_peers`
read a PDF of the same images before the engines run.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from functools import partial
from glob import glob
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from benchmarks.text.ocr_pages import DPI, KnownPage, known_pages, normalized, receipt_pages, scan_pages
from benchmarks.text.ocr_peers import timed
from pipelines.ocr.engine import load_engine
from pipelines.ocr.networks.weights import find_weights

Reader = Callable[[np.ndarray], list[str]]
STOCK = "PaddleOCR's own loop"


@dataclass
class Tally:
    """Pages of one kind: CPU-seconds of the first and of the second pass, words."""

    pages: int = 0
    first_s: float = 0.0
    steady_s: float = 0.0
    found: int = 0
    right: int = 0
    true: int = 0

    @property
    def f1(self) -> float:
        """Returns the harmonic mean of precision and recall."""
        return 2 * self.right / (self.found + self.true)

    def count(self, page: KnownPage, words: list[str]) -> None:
        """Adds the words that were read on a page."""
        found, true = Counter(map(normalized, words)), Counter(page.words)
        self.pages += 1
        self.found += found.total()
        self.right += (found & true).total()
        self.true += true.total()


class Result:
    """Tallies by kind of page, CPU-seconds to load the engine, peak resident MB."""

    def __init__(self) -> None:
        self.kinds: dict[str, Tally] = defaultdict(Tally)
        self.load_s = 0.0
        self.peak_mb = 0.0

    def total(self) -> Tally:
        """Returns the tally of all pages."""
        return Tally(*map(sum, zip(*map(astuple, self.kinds.values()), strict=True)))


def stock_loop() -> Reader:
    """Returns PaddleOCR's own pipeline with the weights that Folio uses. Its tokens are joined to words."""
    from paddleocr import PaddleOCR

    weights = find_weights()
    pipeline = PaddleOCR(
        text_detection_model_name=weights.detector.name,
        text_detection_model_dir=str(weights.detector.folder),
        text_recognition_model_name=weights.recogniser.name,
        text_recognition_model_dir=str(weights.recogniser.folder),
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=False,
        return_word_box=True,
        text_det_thresh=0.2,
        text_det_box_thresh=0.45,
        text_det_unclip_ratio=1.4,
        device="cpu",
        engine="onnxruntime",
        engine_config={"providers": ["CPUExecutionProvider"], "intra_op_num_threads": 1},
    )

    def read(image: np.ndarray) -> list[str]:
        page = pipeline.predict(np.ascontiguousarray(image[:, :, ::-1]))[0]
        return [word for tokens in page["text_word"] for word in "".join(tokens).split()]

    return read


def folio(name: str, precision: str = "auto") -> Reader:
    """Returns one of Folio's engines."""
    engine = load_engine(name, precision=precision)

    def read(image: np.ndarray) -> list[str]:
        page = engine.examine(image)
        page.rotation()
        return [word.text for word in page.words()]

    return read


ENGINES: dict[str, Callable[[], Reader]] = {
    STOCK: stock_loop,
    "Folio, paddleocr": partial(folio, "paddleocr"),
    "Folio, paddleocr, bf16": partial(folio, "paddleocr", "bf16"),
    "Folio, paddleocr, f32": partial(folio, "paddleocr", "f32"),
    "Folio, tesseract": partial(folio, "tesseract"),
}


class Subject:
    """An engine in its own process, which reads one page at a time."""

    def __init__(self, name: str) -> None:
        self.result = Result()
        self._process = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        self.result.load_s = self._process.submit(_load, name).result()

    def read(self, page: KnownPage) -> tuple[float, list[str]]:
        """Returns the CPU-seconds for a page, and its words."""
        seconds, words, self.result.peak_mb = self._process.submit(_read, page.image).result()
        return seconds, words

    def close(self) -> None:
        """Ends the process."""
        self._process.shutdown()


_readers: list[Reader] = []  # in the process of a subject: the engine that it has loaded


def _load(name: str) -> float:
    started = time.process_time()
    import cv2

    cv2.setNumThreads(1)
    _readers.append(ENGINES[name]())
    return time.process_time() - started


def _read(image: np.ndarray) -> tuple[float, list[str], float]:
    started = time.process_time()
    words = _readers[0](image)
    return time.process_time() - started, words, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def take_turns(names: Iterable[str], pages: list[KnownPage]) -> dict[str, Result]:
    """Returns the results of engines that each read every page twice, alternating page by page."""
    subjects = {name: Subject(name) for name in names}
    for page in pages:
        for subject in subjects.values():
            subject.result.kinds[page.kind].first_s += subject.read(page)[0]
    for page in pages:
        for subject in subjects.values():
            tally = subject.result.kinds[page.kind]
            seconds, words = subject.read(page)
            tally.steady_s += seconds
            tally.count(page, words)
    for subject in subjects.values():
        subject.close()
    return {name: subject.result for name, subject in subjects.items()}


def run_peer(name: str, program: Path, pages: list[KnownPage]) -> Result:
    """Returns the result of a program that reads the pages of each kind once."""
    result = Result()
    for kind in dict.fromkeys(page.kind for page in pages):
        group = [page for page in pages if page.kind == kind]
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            seconds, words = process.submit(timed, name, program, [page.image for page in group]).result()
        result.kinds[kind] = Tally(first_s=seconds, steady_s=seconds)
        for page, text in zip(group, words, strict=True):
            result.kinds[kind].count(page, text)
    return result


def row(name: str, result: Result, stock: Tally) -> str:
    """Returns a row of the table; speed-up and F1 difference are relative to the stock loop."""
    total = result.total()
    kinds = " | ".join(f"{tally.steady_s / tally.pages:.2f} | {tally.f1:.4f}" for tally in result.kinds.values())
    process = f"{result.load_s:.1f} | {result.peak_mb:.0f}" if result.peak_mb else " | "
    return (
        f"| {name} | {total.steady_s / total.pages:.2f} | {stock.steady_s / total.steady_s:.1f} x "
        f"| {total.first_s / total.pages:.2f} "
        f"| {total.right / total.found:.4f} | {total.right / total.true:.4f} | {total.f1:.4f} "
        f"| {100 * (total.f1 - stock.f1):+.2f} | {kinds} | {process} |"
    )


def known(options: argparse.Namespace) -> list[KnownPage]:
    """Returns the pages to read, of every kind for which a source is given."""
    paths = sorted({Path(path) for pattern in options.pdfs for path in glob(pattern, recursive=True)})  # noqa: PTH207 - may be absolute
    pages = known_pages(paths, options.count)
    if options.samples:
        pages += scan_pages(options.samples, options.count // 2)
    if options.receipts:
        pages += receipt_pages(options.receipts, options.count // 2)
    return pages


def main() -> int:
    """Measures every engine and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdfs", nargs="+", required=True, help="patterns of PDF files, for born-digital pages")
    parser.add_argument("--samples", type=Path, help="directory that pipelines.samples has written, for scans")
    parser.add_argument("--receipts", type=Path, help="directory of SROIE, with img/ and box/")
    parser.add_argument("--count", type=int, default=16, help="born-digital pages; half as many of each other kind")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--ocrmypdf", type=Path, help="the program OCRmyPDF, to measure it too")
    parser.add_argument("--pdf2dataset", type=Path, help="the Python (3.8) that has pdf2dataset, to measure it too")
    add_table_flag(parser)
    options = parser.parse_args()

    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    pages = known(options)
    programs = {"OCRmyPDF": options.ocrmypdf, "pdf2dataset": options.pdf2dataset}
    peers = {name: run_peer(name, program, pages) for name, program in programs.items() if program}
    publish(report(pages, take_turns(dict.fromkeys([STOCK, *options.engines]), pages) | peers), options.table)
    return 0


def report(pages: list[KnownPage], results: dict[str, Result]) -> str:
    """Returns the table, the pages and the machine as Markdown."""
    kinds = Counter(page.kind for page in pages)
    by_kind = [heading for kind in kinds for heading in (f"{kind}: CPU-s", "F1")]
    quality = ["precision", "recall", "F1", "F1 difference, points"]
    head = ["engine", "CPU-s per page", "speed-up", "first pass", *quality, *by_kind, "load, CPU-s", "peak MB"]
    stock = results[STOCK].total()
    rows = [row(name, result, stock) for name, result in results.items()]
    table = "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows])
    mix = ", ".join(
        f"{count} {kind} ({sum(len(page.words) for page in pages if page.kind == kind)} words)"
        for kind, count in kinds.items()
    )
    names = "\n".join(f"* {page.name}: {len(page.words)} words" for page in pages)
    return f"{table}\n\nPages: {mix}; {DPI} dpi, one thread. {machine()}\n\n{names}"


if __name__ == "__main__":
    sys.exit(main())
