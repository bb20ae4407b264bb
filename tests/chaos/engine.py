"""An OCR engine that goes wrong where the page tells it to. Only tests load it."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from dataclasses import dataclass

import numpy as np

from pipelines.build.pages import PageBuilder, PageBuilderFactory
from pipelines.lines.words import RawWord
from schemas import load_tokenizer

PAGE_S = "FAULTY_PAGE_S"  # environment: seconds that the engine takes for a page
WORDS = 12


def hang() -> None:
    """Never returns, deaf to everything but SIGKILL."""
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    while True:
        time.sleep(1)


def allocate() -> None:
    """Takes 64 MB more again and again, and uses all of it."""
    held = []
    while True:
        held.append(np.ones(2**23))
        time.sleep(0.02)


def segfault() -> None:
    """Dies as native code does that follows a wild pointer."""
    os.kill(os.getpid(), signal.SIGSEGV)


# The colour of a page's upper left corner, red, green, blue.
FAULTS = {(255, 0, 0): hang, (0, 255, 0): allocate, (0, 0, 255): segfault}


class FaultyEngine:
    """Reads words that depend on the picture alone, after the fault that its corner asks for."""

    name, model, version = "faulty", "", "1"

    def __init__(self) -> None:
        self.page_s = float(os.environ.get(PAGE_S, "0"))

    def examine(self, image: np.ndarray) -> FaultyPage:
        return FaultyPage(image, self.page_s)


@dataclass(frozen=True)
class FaultyPage:
    """A page image, and the seconds that reading it takes."""

    image: np.ndarray
    page_s: float

    def rotation(self) -> int:
        return 0

    def words(self) -> list[RawWord]:
        fault = FAULTS.get(tuple(self.image[1, 1].tolist()))
        if fault:
            fault()
        time.sleep(self.page_s)
        digest = hashlib.sha256(self.image.tobytes()).hexdigest()
        height, width = self.image.shape[:2]
        step = height / (WORDS + 1)
        return [
            RawWord(digest[4 * i : 4 * i + 4], width * 0.1, step * i, width * 0.5, step * (i + 0.8), 0.5)
            for i in range(WORDS)
        ]


@dataclass(frozen=True)
class FaultyPageBuilderFactory(PageBuilderFactory):
    """Makes page builders with the faulty engine."""

    def __call__(self) -> PageBuilder:
        return PageBuilder(self.config, FaultyEngine(), load_tokenizer(self.config.tokenizer))
