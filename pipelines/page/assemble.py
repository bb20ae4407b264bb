"""Turns a reading into a sample: filters, stored image, lines, tokens.

This is a pure function: it opens no file and renders no page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipelines.config import PageConfig
from pipelines.filters import PageText
from pipelines.filters.language import language_of
from pipelines.filters.min_words import MinWords
from pipelines.lines.place import place_words
from pipelines.page.image import to_jpeg
from pipelines.page.normal_form import normalized
from pipelines.page.reading import EngineName, Reading
from schemas import Page, PageStatus, Tokenizer, encode_sample, page_key
from schemas.tokens import token_array


@dataclass(frozen=True)
class PageId:
    """Identifies one page of a document.

    Attributes:
        uri: the document's name in the corpus.
        doc_sha256: 64 hex digits of the document's bytes.
        page: number of the page, from 1.
        pages: number of pages of the document.
    """

    uri: str
    doc_sha256: str
    page: int
    pages: int

    @property
    def key(self) -> str:
        """The sample key."""
        return page_key(self.doc_sha256, self.page)


@dataclass(frozen=True)
class PageFacts:
    """What the manifest stores about an attempted page. Values that were not reached are zero or empty."""

    status: PageStatus
    detail: str = ""
    text_source: str = ""
    language: str = ""
    words: int = 0
    lines: int = 0
    tokens: int = 0
    mean_score: float = 0.0
    image_width: int = 0
    image_height: int = 0
    rotation: int = 0
    skew_deg: float = 0.0
    seconds: float = 0.0
    seconds_render: float = 0.0
    seconds_ocr: float = 0.0
    seconds_rest: float = 0.0


@dataclass(frozen=True)
class PageResult:
    """The result of building a page.

    Attributes:
        facts: its facts.
        sample: members of its sample by suffix; None unless the status is ok.
    """

    facts: PageFacts
    sample: dict[str, str | bytes] | None = None


def assemble(reading: Reading, page_id: PageId, config: PageConfig, tokenizer: Tokenizer) -> PageResult:
    """Turns a reading into the facts and the sample of a page. The same arguments give the same bytes.

    The facts do not include times, because these are measured.
    """
    reading = replace(reading, words=normalized(reading.words))
    facts = _filtered(_facts(reading), reading, config)
    if facts.status is not PageStatus.OK:
        return PageResult(facts)
    jpg, image_width, image_height = to_jpeg(reading.image, config.image_long_side, config.jpeg_quality)
    height, width = reading.image.shape[:2]
    words, lines = place_words(reading.words, width, height)
    engine = reading.engine or EngineName("", "", "")
    page = Page(
        key=page_id.key,
        uri=page_id.uri,
        doc_sha256=page_id.doc_sha256,
        page=page_id.page,
        pages=page_id.pages,
        width_pt=round(reading.width_pt, 2),
        height_pt=round(reading.height_pt, 2),
        image_width=image_width,
        image_height=image_height,
        rotation=reading.rotation,
        skew_deg=reading.skew_deg,
        text_source=reading.text_source,
        ocr_engine=engine.name,
        ocr_model=engine.model,
        ocr_version=engine.version,
        words=words,
        lines=lines,
    )
    tokens = token_array(page, tokenizer, config.grid_rows, config.grid_cols)
    facts = replace(facts, image_width=image_width, image_height=image_height, lines=len(lines), tokens=len(tokens))
    return PageResult(facts, encode_sample(page, jpg, tokens))


def _facts(reading: Reading) -> PageFacts:
    return PageFacts(
        status=PageStatus.OK,
        detail="; ".join(filter(None, [reading.detail, reading.damage])),
        text_source=reading.text_source,
        language=language_of(word.text for word in reading.words),
        words=len(reading.words),
        mean_score=sum(word.score for word in reading.words) / max(1, len(reading.words)),
        rotation=reading.rotation,
        skew_deg=reading.skew_deg,
    )


def _filtered(facts: PageFacts, reading: Reading, config: PageConfig) -> PageFacts:
    """Returns the facts with the status and reason of the first filter that leaves the page out, if there is one."""
    text = PageText(reading.words, facts.language)
    for kind in config.filters:
        if reason := kind.reason(text):
            # Damage explains why there is too little text, but not why the text is in another language.
            if reading.damage and (isinstance(kind, MinWords) or not facts.language):
                return replace(facts, status=PageStatus.CORRUPT, detail=f"{reason}; {reading.damage}")
            return replace(facts, status=kind.status, detail=reason)
    return facts
