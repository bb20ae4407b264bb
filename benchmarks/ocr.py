"""What reading a page costs and how well it is read: Folio's engines against PaddleOCR's own loop, in one run.

python -m benchmarks.ocr --pdfs 'pdfs/**/*.pdf' --table benchmarks/results/ocr.md

Every engine reads the same images in a process of its own, on one thread, twice: the second pass is the steady state,
the first also pays for shapes that are new to the backend. Words are matched with the page's text layer as multisets of
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
from collections.abc import Callable
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


@dataclass(frozen=True)
class Result:
    """CPU-seconds to load and a page, words found, right and true, peak resident MB."""

    load_s: float
    first_s: float
    steady_s: float
    found: int
    right: int
    true: int
    peak_mb: float

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
    "PaddleOCR's own loop": stock_loop,
    "Folio, paddleocr": partial(folio, "paddleocr"),
    "Folio, paddleocr, f32": partial(folio, "paddleocr", "f32"),
    "Folio, tesseract": partial(folio, "tesseract"),
}


def measure(name: str, pages: list[KnownPage]) -> Result:
    """Reads all pages twice; to be called in a fresh process."""
    import cv2

    cv2.setNumThreads(1)
    started = time.process_time()
    read = ENGINES[name]()
    loaded = time.process_time()
    for page in pages:
        read(page.image)
    warm = time.process_time()
    found = [Counter(normalized(text) for text in read(page.image)) for page in pages]
    done = time.process_time()
    return Result(
        load_s=loaded - started,
        first_s=(warm - loaded) / len(pages),
        steady_s=(done - warm) / len(pages),
        found=sum(words.total() for words in found),
        right=sum((words & Counter(page.words)).total() for words, page in zip(found, pages, strict=True)),
        true=sum(len(page.words) for page in pages),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def row(name: str, result: Result, stock: Result) -> str:
    """Returns a line of the table; gain and loss are against the stock loop."""
    return (
        f"| {name} | {result.steady_s:.2f} | {stock.steady_s / result.steady_s:.1f} x | {result.first_s:.2f} "
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
    results = {}
    for name in dict.fromkeys(["PaddleOCR's own loop", *options.engines]):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            results[name] = fresh.submit(measure, name, pages).result()
        print(row(name, results[name], results["PaddleOCR's own loop"]), file=sys.stderr)
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
    rows = [row(name, result, results["PaddleOCR's own loop"]) for name, result in results.items()]
    names = "\n".join(f"* {page.name}: {len(page.words)} words" for page in pages)
    table = "\n".join([head, "|---" * 10 + "|", *rows])
    about = f"{len(pages)} born-digital pages, {words} words, {DPI} dpi, one thread. {machine()}"
    return f"# Reading pages\n\n{table}\n\n{about}\n\n{names}\n"


if __name__ == "__main__":
    sys.exit(main())
