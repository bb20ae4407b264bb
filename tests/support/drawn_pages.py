"""Pages drawn for tests: words in rows. Their boxes and lines are exact, because they are known when drawing."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np

from schemas import Line, Page, Word, box_1000, hull, page_key

VOCABULARY = (
    *("total", "amount", "invoice", "date", "number", "street", "balance", "account", "the", "of", "and", "for"),
    *("payable", "within", "thirty", "days", "customer", "order", "item", "price", "tax", "subtotal", "$4.32", "No."),
    *("$1,250.00", "12/04/2019", "7", "quantity", "shipped", "report", "section", "table", "figure", "results", "by"),
    *("agreement", "between", "parties", "signed", "copy", "office", "department", "telephone", "555-0192", "page"),
)
PAGES_PER_DOCUMENT = 3


def draw_page(seed: int, number: int, words: int, long_side: int, total: int) -> tuple[Page, bytes]:
    """Draws one page of a corpus.

    Args:
        seed: seed of the corpus.
        number: number of the page in the corpus, from 0.
        words: average number of words per page.
        long_side: longer side of the image in pixels.
        total: number of pages in the corpus.

    Returns:
        The page record and the image as JPEG.
    """
    rng = np.random.Generator(np.random.PCG64([seed, number]))
    height, width = long_side, round(long_side * float(rng.uniform(0.7, 0.8)))
    image = np.full((height, width, 3), 255, np.uint8)
    placed = _draw_lines(image, rng, int(rng.integers(words * 3 // 4, words * 5 // 4 + 1)))
    document, page = divmod(number, PAGES_PER_DOCUMENT)
    sha256 = document_sha256(seed, f"document-{document:04d}")
    record = Page(
        key=page_key(sha256, page + 1),
        uri=f"documents/document-{document:04d}.pdf",
        doc_sha256=sha256,
        page=page + 1,
        pages=min(PAGES_PER_DOCUMENT, total - document * PAGES_PER_DOCUMENT),
        width_pt=round(792 * width / height, 2),
        height_pt=792.0,
        image_width=width,
        image_height=height,
        rotation=int(rng.choice([0, 0, 0, 90])),
        skew_deg=round(float(rng.normal(0, 1)), 3),
        text_source="ocr",
        ocr_engine="drawn",
        ocr_model="hershey",
        ocr_version="1",
        words=tuple(placed),
        lines=_lines_of(placed),
    )
    _, jpg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return record, jpg.tobytes()


def _draw_lines(image: np.ndarray, rng: np.random.Generator, count: int) -> list[Word]:
    """Fills `image` from top to bottom with lines of text. Every third line is a label and a distant value."""
    texts = [str(text) for text in rng.choice(VOCABULARY, count)]
    lines: list[list[str]] = []
    while texts:
        size = 2 if len(lines) % 3 == 2 else int(rng.integers(4, 9))
        lines.append(texts[:size])
        texts = texts[size:]
    pitch = image.shape[0] * 0.9 / max(len(lines), 1)
    words: list[Word] = []
    for number, line in enumerate(lines):
        baseline = image.shape[0] * 0.05 + pitch * (number + 0.75)
        words += _draw_line(image, rng, line, number, baseline, min(pitch, 24) / 40)
    return words


def _draw_line(
    image: np.ndarray, rng: np.random.Generator, texts: list[str], line: int, baseline: float, scale: float
) -> list[Word]:
    height, width = image.shape[:2]
    font = cv2.FONT_HERSHEY_SIMPLEX
    margin, gap = 0.06 * width, 16 * scale
    natural = sum(cv2.getTextSize(text, font, scale, 1)[0][0] + gap for text in texts) - gap
    scale *= min(1.0, (width - 2 * margin) / natural)
    sizes = [cv2.getTextSize(text, font, scale, 1)[0] for text in texts]
    if len(texts) == 2:
        gap = width - 2 * margin - sum(size[0] for size in sizes)
    words, x = [], margin
    for text, (text_width, text_height) in zip(texts, sizes, strict=True):
        cv2.putText(image, text, (round(x), round(baseline)), font, scale, (40, 40, 40), 1, cv2.LINE_AA)
        box = box_1000(x, baseline - text_height * 1.15, x + text_width, baseline + text_height * 0.3, width, height)
        words.append(Word(text, box, round(float(rng.uniform(0.8, 1.0)), 4), line))
        x += text_width + gap
    return words


def _lines_of(words: list[Word]) -> tuple[Line, ...]:
    count = words[-1].line + 1 if words else 0
    return tuple(Line(hull(word.box for word in words if word.line == line)) for line in range(count))


def document_sha256(seed: int, name: str) -> str:
    """Returns a hash that stands for the hash of a document; drawn pages have no document file."""
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()
