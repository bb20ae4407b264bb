"""One sample: kind, look, pages and truth as a pure function of (seed, index)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.random import PCG64, Generator

from pipelines.drawing.canvas import Canvas
from pipelines.drawing.pdf import write_pdf
from pipelines.samples.kinds.article import draw_article
from pipelines.samples.kinds.block_form import draw_block_form
from pipelines.samples.kinds.chart import draw_chart
from pipelines.samples.kinds.form import draw_form
from pipelines.samples.kinds.invoice import draw_invoice
from pipelines.samples.kinds.letter import draw_letter
from pipelines.samples.kinds.questionnaire import draw_questionnaire
from pipelines.samples.kinds.receipt import draw_receipt
from pipelines.samples.kinds.table import draw_ruled_table, draw_unruled_table
from pipelines.samples.scan import draw_scanner, scan_pdf
from pipelines.samples.truth import encode_truth

LAYOUTS: dict[str, Callable[[Generator], Canvas]] = {
    "receipt": draw_receipt,
    "invoice": draw_invoice,
    "form": draw_form,
    "table_ruled": draw_ruled_table,
    "table_unruled": draw_unruled_table,
    "article": draw_article,
    "letter": draw_letter,
    "questionnaire": draw_questionnaire,
    "chart": draw_chart,
    "block_form": draw_block_form,
}
KINDS = tuple(LAYOUTS)


@dataclass(frozen=True)
class Document:
    """A sample.

    Attributes:
        name: file name without suffix.
        kind: one of `KINDS`.
        scan: whether the PDF holds only images.
        pages: number of pages.
        pdf: the bytes of the PDF.
        truth: the bytes of the truth file (see `truth.encode_truth`).
    """

    name: str
    kind: str
    scan: bool
    pages: int
    pdf: bytes
    truth: bytes


def make_document(seed: int, index: int, scan_share: float = 0.4, kinds: Sequence[str] = KINDS) -> Document:
    """Draws sample number `index` of the series `seed`.

    Each block of `len(kinds)` samples holds each kind once. Of the first n samples, floor(n * scan_share) are scans.
    What is printed does not depend on `scan_share`.

    Args:
        seed: number of the series.
        index: number of the sample, starting at 0. There is no last one.
        scan_share: share of samples that are scans, 0..1.
        kinds: the kinds to draw, from `KINDS`.
    """
    kind, name = _kind_at(seed, index, kinds), document_name(seed, index, kinds)
    sheets = LAYOUTS[kind](_generator(seed, index, kind)).sheets
    pdf, skew_deg = write_pdf(sheets, name), 0.0
    scan = math.floor((index + 1) * scan_share) > math.floor(index * scan_share)
    if scan:
        rng = _generator(seed, index, "scan")
        scanner = draw_scanner(rng, sheets)
        pdf, skew_deg = scan_pdf(rng, pdf, scanner), scanner.skew_deg
    return Document(name, kind, scan, len(sheets), pdf, encode_truth(kind, scan, skew_deg, sheets))


def document_name(seed: int, index: int, kinds: Sequence[str] = KINDS) -> str:
    """Returns the `name` of sample number `index`, without drawing it."""
    return f"sample-{index:05d}-{_kind_at(seed, index, kinds)}"


def _kind_at(seed: int, index: int, kinds: Sequence[str]) -> str:
    block, place = divmod(index, len(kinds))
    return kinds[_generator(seed, block, "kinds").permutation(len(kinds))[place]]


def _generator(seed: int, index: int, purpose: str) -> Generator:
    """Returns a separate generator for each purpose. It is the same in every process."""
    digest = hashlib.sha256(f"{seed}/{index}/{purpose}".encode()).digest()
    return Generator(PCG64(int.from_bytes(digest[:16], "little")))
