"""An OCR engine that fails when the page contains a mark for it. Only tests use it."""

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

PAGE_S = "FAULTY_PAGE_S"  # environment variable: seconds that the engine takes per page
WORDS = 12


def hang() -> None:
    """Never returns and blocks all signals except SIGKILL."""
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    while True:
        time.sleep(1)


def allocate() -> None:
    """Allocates and writes 64 MiB again and again, without end."""
    held = []
    while True:
        held.append(np.ones(2**23))
        time.sleep(0.02)


def segfault() -> None:
    """Dies of a segmentation fault, as native code does with an invalid pointer."""
    os.kill(os.getpid(), signal.SIGSEGV)


# Colour of a page's upper left corner (red, green, blue) -> the fault that it causes.
FAULTS = {(255, 0, 0): hang, (0, 255, 0): allocate, (0, 0, 255): segfault}


class FaultyEngine:
    """Causes the fault that a page's corner demands; otherwise reads words that depend only on the image."""

    name, model, version = "faulty", "", "1"
    alphabet = frozenset[str]()

    def __init__(self) -> None:
        self.page_s = float(os.environ.get(PAGE_S, "0"))

    def examine(self, image: np.ndarray) -> FaultyPage:
        """Returns the page; reads nothing yet."""
        return FaultyPage(image, self.page_s)

    def read_boxes(self, image: np.ndarray, boxes: np.ndarray) -> list[tuple[str, float]]:
        """Reads nothing."""
        return [("", 0.0)] * len(boxes)


@dataclass(frozen=True)
class FaultyPage:
    """A page image, and the seconds that it takes to read it.

    Attributes:
        image: (height, width, 3), red, green, blue.
        page_s: seconds.
    """

    image: np.ndarray
    page_s: float

    def rotation(self) -> int:
        """Returns 0: every page is upright."""
        return 0

    def words(self) -> list[RawWord]:
        """Causes the fault, or returns `WORDS` words made from the hash of the image."""
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
        """Returns a page builder for one page process."""
        return PageBuilder(self.config, FaultyEngine(), load_tokenizer(self.config.tokenizer))
