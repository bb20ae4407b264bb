"""The flags that decide what a page becomes. All commands that read pages share them."""

from __future__ import annotations

import argparse
from typing import NoReturn

from pipelines.config import TEXT_SOURCES, PageConfig, RunConfig
from pipelines.filters import FILTERS
from pipelines.ocr.engine import OCR_ENGINES, OCR_PRECISIONS
from schemas import UsageError
from schemas.support.arguments import percent, positive, seconds
from schemas.support.home import expanded

_PAGE = PageConfig()


class Parser(argparse.ArgumentParser):
    """Reports a wrong usage in one sentence. The usage text that argparse prints, two screens long, would hide it."""

    def error(self, message: str) -> NoReturn:
        """Raises a `UsageError`."""
        raise UsageError(f"{message}.")


def add_page_flags(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for each setting of `PageConfig`."""
    _add_text_flags(parser.add_argument_group("text"))
    _add_image_flags(parser.add_argument_group("images and tokens"))


def add_limit_flags(group: argparse._ArgumentGroup) -> None:
    """Adds the flags for the limits of a page."""
    group.add_argument(
        "--page_timeout_s",
        type=seconds,
        default=RunConfig.page_timeout_s,
        help="time limit per page (default: %(default)g)",
    )
    group.add_argument(
        "--page_memory_mb",
        type=positive,
        default=RunConfig.page_memory_mb,
        help="limit for the resident memory of a page process (default: %(default)s)",
    )


def page_config(flags: argparse.Namespace) -> PageConfig:
    """Returns the settings that the flags of `add_page_flags` give."""
    names = PageConfig.__dataclass_fields__.keys() - {"filters"}
    filters = tuple(kind(getattr(flags, kind.name)) for kind in FILTERS)
    return PageConfig(**{name: getattr(flags, name) for name in names}, filters=filters)


def _add_text_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--text_source",
        choices=TEXT_SOURCES,
        default=_PAGE.text_source,
        help="ocr: read all pages by OCR. pdf: use the text layer. auto: use the text layer of a page if it is sound "
        "and complete, otherwise OCR, if the engine reads the script. Sound: at most 2 %% of words contain unmapped or "
        "stray characters, Latin letters have a plausible share of vowels and accents, and the OCR engine reads a few "
        "words of each font like the layer. Complete: it has five words (one if the page shows only text, 40 if an "
        "image covers a tenth of the page), images cover less than half of the page, and less than half of the text is "
        "invisible. "
        "(default: %(default)s)",
    )
    group.add_argument("--ocr", choices=OCR_ENGINES, default=_PAGE.ocr, help="OCR engine (default: %(default)s)")
    group.add_argument(
        "--ocr_model",
        type=expanded,
        metavar="NAME",
        help="instead of the packaged weights: a directory with det/ and rec/, or a hub name; tesseract: languages",
    )
    group.add_argument(
        "--ocr_precision",
        choices=OCR_PRECISIONS,
        default=_PAGE.ocr_precision,
        help="number format of the neural engine; auto: the fastest of the CPU, 8-bit included (default: %(default)s)",
    )
    for kind in FILTERS:
        kind.add_flag(group)


def _add_image_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--dpi", type=positive, default=_PAGE.dpi, help="resolution for OCR (default: %(default)s)")
    group.add_argument(
        "--max_long_side_px",
        type=positive,
        default=_PAGE.max_long_side_px,
        help="larger pages are rendered at a lower dpi (default: %(default)s)",
    )
    group.add_argument(
        "--image_long_side",
        type=positive,
        default=_PAGE.image_long_side,
        help="long side of the stored image, in pixels (default: %(default)s)",
    )
    group.add_argument("--jpeg_quality", type=percent, default=_PAGE.jpeg_quality, help="1..100 (default: %(default)s)")
    group.add_argument(
        "--grid_rows", type=positive, default=_PAGE.grid_rows, help="rows of the grid (default: %(default)s)"
    )
    group.add_argument(
        "--grid_cols", type=positive, default=_PAGE.grid_cols, help="columns of the grid (default: %(default)s)"
    )
    group.add_argument(
        "--tokenizer",
        type=expanded,
        metavar="NAME",
        help="SentencePiece model, tokenizer.json, a directory with one of them, or a hub name (default: t5, packaged)",
    )
