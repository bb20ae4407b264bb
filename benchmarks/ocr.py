"""What reading a page costs and how well it is read: Folio's engines against PaddleOCR's own loop, in one run.

python -m benchmarks.ocr --pdfs 'pdfs/**/*.pdf' --table benchmarks/results/ocr.md

Every engine reads the same images in a process of its own, on one thread, twice: the second pass is the steady state,
the first also pays for shapes that are new to the backend. The engines take turns page by page, so that what else the
machine does falls on all of them. Words are matched with the page's text layer as multisets of
exact strings (after NFKC), page by page. The stock loop is `PaddleOCR.predict` with the same weights and the thresholds
that they were published with, on ONNX Runtime's CPU provider.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from glob import glob
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from benchmarks.ocr_pages import DPI, KnownPage, known_pages, normalized
from pipelines.ocr import load_engine
from pipelines.ocr.weights import find_weights

Reader = Callable[[np.ndarray], list[str]]
STOCK = "PaddleOCR's own loop"


@dataclass
class Result:
    """CPU-seconds to load, then of all pages for the first and the second time; words; peak resident MB."""

    load_s: float = 0.0
    first_s: float = 0.0
    steady_s: float = 0.0
    found: int = 0
    right: int = 0
    true: int = 0
    peak_mb: float = 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / (self.found + self.true)


def stock_loop() -> Reader:
    """Returns PaddleOCR's pipeline as it comes, on the weights that Folio uses; its tokens are joined to words."""
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
    return lambda image: [word.text for word in engine.read(image)]


ENGINES: dict[str, Callable[[], Reader]] = {
    STOCK: stock_loop,
    "Folio, paddleocr": partial(folio, "paddleocr"),
    "Folio, paddleocr, bf16": partial(folio, "paddleocr", "bf16"),
    "Folio, paddleocr, f32": partial(folio, "paddleocr", "f32"),
    "Folio, tesseract": partial(folio, "tesseract"),
}


class Subject:
    """An engine in a process of its own, which answers one page at a time."""

    def __init__(self, name: str) -> None:
        self.result = Result()
        self._process = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        self.result.load_s = self._process.submit(_load, name).result()

    def read(self, page: KnownPage) -> float:
        """Reads a page and counts its words; returns CPU-seconds."""
        seconds, words, self.result.peak_mb = self._process.submit(_read, page.image).result()
        found, true = Counter(map(normalized, words)), Counter(page.words)
        self.result.found += found.total()
        self.result.right += (found & true).total()
        self.result.true += true.total()
        return seconds

    def close(self) -> None:
        """Ends the process."""
        self._process.shutdown()


_readers: list[Reader] = []  # of a subject's process: the one that it has loaded


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
    """Lets each engine read every page twice."""
    subjects = {name: Subject(name) for name in names}
    for page in pages:
        for subject in subjects.values():
            subject.result.first_s += subject.read(page)
    for page in pages:
        for subject in subjects.values():
            subject.result.steady_s += subject.read(page)
    for subject in subjects.values():
        subject.close()
    return {name: subject.result for name, subject in subjects.items()}


def row(name: str, result: Result, stock: Result, pages: int) -> str:
    """Returns a line of the table; gain and loss are against the stock loop."""
    return (
        f"| {name} | {result.steady_s / pages:.2f} | {stock.steady_s / result.steady_s:.1f} x "
        f"| {result.first_s / pages:.2f} "
        f"| {result.right / result.found:.4f} | {result.right / result.true:.4f} | {result.f1:.4f} "
        f"| {100 * (result.f1 - stock.f1):+.2f} | {result.load_s:.1f} | {result.peak_mb:.0f} |"
    )


def main() -> int:
    """Measure every engine and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdfs", nargs="+", required=True, help="patterns of PDF files")
    parser.add_argument("--count", type=int, default=12, help="pages to read (default: %(default)s)")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--table", type=Path, help="Markdown file to write")
    options = parser.parse_args()

    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    paths = sorted({Path(path) for pattern in options.pdfs for path in glob(pattern, recursive=True)})  # noqa: PTH207 - may be absolute
    pages = known_pages(paths, options.count)
    results = take_turns(dict.fromkeys([STOCK, *options.engines]), pages)
    text = report(pages, results)
    print(text)
    if options.table:
        options.table.write_text(text)
    return 0


def report(pages: list[KnownPage], results: dict[str, Result]) -> str:
    """Returns the table with what it was measured on."""
    words = sum(len(page.words) for page in pages)
    head = (
        "| engine | CPU-s a page | gain | first pass | precision | recall | F1 | F1, points | load, CPU-s | peak MB |"
    )
    rows = [row(name, result, results[STOCK], len(pages)) for name, result in results.items()]
    names = "\n".join(f"* {page.name}: {len(page.words)} words" for page in pages)
    table = "\n".join([head, "|---" * 10 + "|", *rows])
    about = f"{len(pages)} born-digital pages, {words} words, {DPI} dpi, one thread. {machine()}"
    return f"# Reading pages\n\n{table}\n\n{about}\n\n{names}\n"


if __name__ == "__main__":
    sys.exit(main())
