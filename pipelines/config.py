"""The settings of a build: those that decide the bytes of the corpus, and those that only control the run."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.filters import FILTERS, Filter
from schemas import SCHEMA_VERSION, load_tokenizer

TEXT_SOURCES = ("ocr", "auto", "pdf")


_ALWAYS_STORED = ("min_words", "languages")  # every corpus has these settings


@dataclass(frozen=True)
class PageConfig:
    """Settings that decide what a page becomes. The same document and the same values give the same bytes.

    Attributes:
        text_source: `ocr`, `pdf` (text layer) or `auto` (text layer if it can be trusted, else OCR).
        ocr: name of the OCR engine.
        ocr_model: weights of the engine: `None` for the packaged weights, else a directory or a hub name.
        ocr_precision: number format of the neural engine: `bf16`, `f32`, or `auto` for the fastest format of the CPU,
            which can be 8-bit integers. Scores differ in their last digits between formats, and so do a few characters.
        dpi: resolution at which pages are rendered for OCR.
        max_long_side_px: limit for the long side of a rendered page; larger pages are rendered at a lower resolution.
        image_long_side: long side of the stored image in pixels. Larger images are scaled down to it. Images are never
            scaled up, but small pages are rendered at a higher resolution than `dpi` to reach it.
        jpeg_quality: 1..100.
        grid_rows, grid_cols: size of the grid; each token stores the cell of its word.
        tokenizer: see `schemas.load_tokenizer`.
        filters: one of each kind, in the order in which they are applied to a page.
    """

    text_source: str = "ocr"
    ocr: str = "paddleocr"
    ocr_model: str | None = None
    ocr_precision: str = "auto"
    dpi: int = 150
    max_long_side_px: int = 4000
    image_long_side: int = 1024
    jpeg_quality: int = 85
    grid_rows: int = 4
    grid_cols: int = 4
    tokenizer: str | None = None
    filters: tuple[Filter, ...] = tuple(kind() for kind in FILTERS)

    def settings(self) -> dict[str, Any]:
        """Returns the values as `index.json` stores them, with one setting per filter.

        A filter at its default has no setting, so that a new filter does not change the settings of older corpora.
        """
        own = asdict(self)
        del own["filters"]
        changed = (kept for kept in self.filters if kept.name in _ALWAYS_STORED or kept != type(kept)())
        return {**own, **{kept.name: kept.setting() for kept in changed}}


@dataclass(frozen=True)
class RunConfig:
    """Settings that control how the work is done. They do not change the bytes of a page that succeeds.

    The time limit and the memory limit decide whether a page succeeds. The speed and the memory of a machine can decide
    that too. The limits are still not in `BuildConfig.corpus_settings`: if a run continues with a higher limit, or on
    another machine, it makes the same corpus except for pages at the limit. Each of those pages has its row in the
    manifest. The limit on pixels is in `PageConfig`, because it changes images.

    Attributes:
        workers: page processes per machine; `None` for one per core of the machine on which they run.
        page_timeout_s: wall-clock limit per page.
        page_memory_mb: limit for the resident memory of a page process.
        max_failed_share: the run stops if a larger share fails, see `failure_limit`; with 1 it never stops.
    """

    workers: int | None = None
    page_timeout_s: float = 120.0
    page_memory_mb: int = 6144
    max_failed_share: float = 0.5

    @property
    def workers_here(self) -> int:
        """The number of page processes on this machine."""
        return self.workers or os.cpu_count() or 1


@dataclass(frozen=True)
class DryRun:
    """Settings of a run that writes no corpus and estimates the cost of a build.

    Attributes:
        sample: number of pages that are built for the estimate.
        price_per_core_hour: in dollars. 0.04 is about the on-demand price for a general-purpose machine in a cloud.
    """

    sample: int = 50
    price_per_core_hour: float = 0.04


@dataclass(frozen=True)
class BuildConfig:
    """All settings of one build.

    Attributes:
        inputs: patterns, directories, documents, or `.txt` lists of them.
        output: the corpus directory, on any file system that Beam knows.
        pages_per_shard: target size; all shards of a corpus have nearly the same size.
        exclude: list of the SHA-256 hashes of documents that are not built.
    """

    inputs: tuple[str, ...]
    output: str
    pages_per_shard: int = 1000
    page: PageConfig = PageConfig()
    run: RunConfig = RunConfig()
    exclude: str | None = None

    def corpus_settings(self) -> dict[str, Any]:
        """Returns the settings that decide the bytes of the corpus. They are stored in `index.json`."""
        tokenizer = load_tokenizer(self.page.tokenizer)
        return {
            "schema_version": SCHEMA_VERSION,
            "inputs": list(self.inputs),
            **({"exclude": self.exclude} if self.exclude else {}),
            "pages_per_shard": self.pages_per_shard,
            **self.page.settings(),
            "tokenizer": tokenizer.name,
            "tokenizer_sha256": tokenizer.sha256,
        }


def fingerprint(settings: dict[str, Any]) -> str:
    """Returns the hex digest of a build's `corpus_settings()`."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Returns one line for each setting in which two builds' `corpus_settings()` differ."""
    names = sorted(old.keys() | new.keys())
    return [f"{name}: {old.get(name)!r} -> {new.get(name)!r}" for name in names if old.get(name) != new.get(name)]
