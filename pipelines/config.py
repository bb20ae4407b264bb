"""The settings of a build: those that decide the corpus's bytes, and those that only decide how it is run."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.filters import FILTERS, Filter
from schemas import SCHEMA_VERSION, load_tokenizer

TEXT_SOURCES = ("ocr", "auto", "pdf")


@dataclass(frozen=True)
class PageConfig:
    """What a page is turned into. Same document and same values: same bytes.

    Attributes:
        text_source: `ocr`, `pdf` (text layer) or `auto` (text layer where it can be trusted).
        ocr: engine name.
        ocr_model: weights: `None` for the packaged ones, a directory, or a hub name.
        ocr_precision: of the neural engine: `bf16`, `f32`, or `auto` for what the CPU is fastest at, bytes among it.
            Scores differ in their last digits, and now and then a character does.
        dpi: resolution at which pages are rendered for OCR.
        max_long_side_px: cap of the rendered page's long side; larger pages are rendered at a lower resolution.
        image_long_side: long side of the stored image in pixels; smaller pages are not enlarged beyond `dpi`.
        jpeg_quality: 1..100.
        grid_rows, grid_cols: grid of the tokens' cells.
        tokenizer: see `schemas.load_tokenizer`.
        filters: one of each kind, in the order in which a page meets them.
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
        """Returns the values as `index.json` holds them, with one setting for each filter."""
        own = asdict(self)
        del own["filters"]
        return {**own, **{kept.name: kept.setting() for kept in self.filters}}


@dataclass(frozen=True)
class RunConfig:
    """How the work is carried out; no value here changes the bytes of a page that succeeds.

    The two limits decide whether a page succeeds, and so may the speed and memory of a machine. They are still no part
    of `BuildConfig.corpus_settings`: a run that goes on with a higher limit, or on another machine, makes the same
    corpus except for pages at the limit, and each of those has its row. The limit on pixels is in `PageConfig`, because
    it changes images.

    Attributes:
        workers: page processes on each machine; `None` for as many as the machine at work has cores.
        page_timeout_s: wall-clock limit for one page.
        page_memory_mb: limit for a page process's resident memory.
        max_failed_share: a run of which more fails stops, see `failure_limit`; 1 for never.
    """

    workers: int | None = None
    page_timeout_s: float = 120.0
    page_memory_mb: int = 6144
    max_failed_share: float = 0.5

    @property
    def workers_here(self) -> int:
        """The page processes on this machine."""
        return self.workers or os.cpu_count() or 1


@dataclass(frozen=True)
class DryRun:
    """A run that builds nothing and estimates what a build will take.

    Attributes:
        sample: pages that are built for it.
        price_per_core_hour: in dollars. 0.04 is about what clouds ask for one of a general-purpose machine, on demand.
    """

    sample: int = 50
    price_per_core_hour: float = 0.04


@dataclass(frozen=True)
class BuildConfig:
    """All settings of one build.

    Attributes:
        inputs: patterns, directories, documents, or `.txt` lists of them.
        output: the corpus directory, on any file system that Beam knows.
        pages_per_shard: aim; shards of one corpus are balanced around it.
    """

    inputs: tuple[str, ...]
    output: str
    pages_per_shard: int = 1000
    page: PageConfig = PageConfig()
    run: RunConfig = RunConfig()

    def corpus_settings(self) -> dict[str, Any]:
        """Returns the settings that decide the corpus's bytes; goes into `index.json`."""
        tokenizer = load_tokenizer(self.page.tokenizer)
        return {
            "schema_version": SCHEMA_VERSION,
            "inputs": list(self.inputs),
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
