"""Which errors Folio's OCR makes: wrong characters, words that are left out, joined or split.

python -m pipelines.samples --output scans --count 40 --seed 2028 --scan_share 1
python -m benchmarks.text.ocr_errors --samples scans --pdfs 'pdfs/**/*.pdf' --errors trainer/tasks/ocr_errors.json \\
    --table benchmarks/results/text/ocr_errors.md

The first pages of generated scans, and pages with a valid text layer that are worn like a scan, are read at several
resolutions. True and found words belong together if their boxes share half of the smaller one. Then one true word and
one found word are equal or a substitution; several true words and one found word are joined, and so on.
`--errors` writes the table by which `--ocr_noise` makes such errors.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from glob import glob
from pathlib import Path

import cv2
import numpy as np

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from benchmarks.text.ocr_cells import TruePage, pages_of
from benchmarks.text.ocr_pages import DPI, KnownPage, known_pages
from benchmarks.text.word_errors import WordErrors
from pipelines.ocr.engine import OCR_ENGINES, load_engine
from pipelines.samples.scan import draw_scanner, wear
from trainer.tasks.ocr_noise import KINDS

SHOWN = 24  # confusions in the report


def worn_pages(pages: list[KnownPage], dpis: list[int], seed: int) -> Iterator[TruePage]:
    """Yields pages as straight scans. The resolutions take turns."""
    for number, page in enumerate(pages):
        rng = np.random.default_rng([seed, number])
        scale = dpis[number % len(dpis)] / DPI
        image = cv2.resize(page.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        scanner = replace(draw_scanner(rng, []), skew_deg=0.0)
        worn = wear(rng, image.astype(np.float32), scanner)
        yield TruePage("text layer, worn", worn, page.words, page.boxes * scale, np.zeros(len(page.words), int))


def measure(pages: Iterator[TruePage], name: str) -> dict[str, WordErrors]:
    """Returns the errors of an engine, by source of the page."""
    engine = load_engine(name)
    errors = {"generated scans": WordErrors(), "text layers": WordErrors()}
    for page in pages:
        part = errors["text layers" if page.kind.startswith("text layer") else "generated scans"]
        part.count(page.texts, page.boxes, engine.examine(page.image).words())
    return {name: part for name, part in errors.items() if part.words}


def total_of(parts: dict[str, WordErrors]) -> WordErrors:
    """Returns the sum of errors."""
    total = WordErrors()
    for part in parts.values():
        total.words += part.words
        total.kinds += part.kinds
        total.edits = [a + b for a, b in zip(total.edits, part.edits, strict=True)]
        total.confusions += part.confusions
        total.seen += part.seen
    return total


def report(parts: dict[str, WordErrors], total: WordErrors, dpis: list[int]) -> str:
    """Returns the counts and the most frequent confusions as Markdown."""
    kinds = [*KINDS, "mixed", "invented"]
    rows = [
        f"| {name} | {errors.words} | {' | '.join(_counted(errors.kinds[kind], errors.words) for kind in kinds)} |"
        for name, errors in {**parts, "all": total}.items()
    ]
    common = ", ".join(
        f"`{true}` as {f'`{read}`' if read else 'nothing'} {times} of {total.seen[true]}"
        for (true, read), times in total.confusions.most_common(SHOWN)
    )
    places = ", ".join(map(str, total.edits))
    return "\n".join(
        [
            f"| pages | words | {' | '.join(kinds)} |",
            "|---" * (len(kinds) + 2) + "|",
            *rows,
            "",
            f"Substituted words with 1, 2, 3, and 4 or more wrong places: {places}.",
            "",
            f"Most frequent confusions: {common}.",
            "",
            f"{', '.join(map(str, dpis))} dpi in turn. {machine()}",
        ]
    )


def _counted(count: int, words: int) -> str:
    return f"{count} ({100 * count / words:.2f} %)"


def main() -> int:
    """Measures the errors and writes both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, required=True, help="scans that pipelines.samples has written")
    parser.add_argument("--pdfs", nargs="*", default=[], help="patterns of PDF files with a text layer")
    parser.add_argument("--count", type=int, default=24, help="pages with a text layer")
    parser.add_argument("--engine", choices=OCR_ENGINES, default="paddleocr")
    parser.add_argument("--dpi", nargs="+", type=int, default=[150, 75, 100], metavar="DPI")
    parser.add_argument("--seed", type=int, default=0, help="of the wear")
    parser.add_argument("--most", type=int, default=200, help="confusions in the table of --errors")
    parser.add_argument("--errors", type=Path, help="the table for --ocr_noise: JSON")
    add_table_flag(parser)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    paths = sorted({Path(path) for pattern in options.pdfs for path in glob(pattern, recursive=True)})  # noqa: PTH207 - may be absolute
    pages = [*pages_of(options.samples, options.dpi)]
    pages += worn_pages(known_pages(paths, options.count), options.dpi, options.seed)
    parts = measure(iter(pages), options.engine)
    total = total_of(parts)
    publish(report(parts, total, options.dpi), options.table)
    if options.errors:
        write_errors(total.table(KINDS, options.most), options.errors)
    return 0


def write_errors(table: dict[str, object], path: Path) -> None:
    """Writes the table for `--ocr_noise`, with a confusion per line."""
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table["confusions"])
    head = "\n".join(f"{json.dumps(name)}: {json.dumps(table[name])}," for name in ("kinds", "edits"))
    path.write_text(f'{{{head}\n"confusions": [\n{rows}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
