"""The OCR engine alone in several processes at once: the best speed-up that page processes can reach on a machine."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from threading import Barrier

import numpy as np

from pipelines.build.pages import PageTask
from pipelines.config import PageConfig
from pipelines.ocr.engine import OcrEngine, load_engine
from pipelines.sources.pdf import mupdf

TIMED_PASSES = 2  # after a first pass, in which the engine compiles for new input shapes

_held: tuple[OcrEngine, list[np.ndarray], Barrier]  # one per process


def read_in_parallel(tasks: list[PageTask], processes: int) -> tuple[int, float, float]:
    """Reads all pages in each of several processes at the same time.

    Returns:
        Pages read, wall seconds, and CPU-seconds of all processes together, without the first pass.
    """
    context = get_context("spawn")
    arguments = (tasks, context.Barrier(processes))
    with ProcessPoolExecutor(processes, context, initializer=_hold, initargs=arguments) as pool:
        passes = [_one_pass(pool, processes) for _ in range(1 + TIMED_PASSES)][1:]
    wall_s, cpu_s = (sum(seconds) for seconds in zip(*passes, strict=True))
    return TIMED_PASSES * processes * len(tasks), wall_s, cpu_s


def _one_pass(pool: ProcessPoolExecutor, processes: int) -> tuple[float, float]:
    """Returns the wall seconds of the slowest process, and the CPU-seconds of all processes together."""
    answers = [pool.submit(_read_all) for _ in range(processes)]
    wall_s, cpu_s = zip(*(answer.result() for answer in answers), strict=True)
    return max(wall_s), sum(cpu_s)


def _hold(tasks: list[PageTask], barrier: Barrier) -> None:
    import cv2

    global _held
    cv2.setNumThreads(1)
    _held = load_engine(PageConfig().ocr), [_pixels(task) for task in tasks], barrier


def _pixels(task: PageTask) -> np.ndarray:
    config = PageConfig()
    with mupdf.open_document(task.path) as document:
        page = mupdf.load_page(document, task.id.page)
        return mupdf.render(page, config.dpi, config.image_long_side, config.max_long_side_px)


def _read_all() -> tuple[float, float]:
    """Waits for the other processes, so that none runs twice, then reads; returns wall seconds and CPU-seconds."""
    engine, images, barrier = _held
    barrier.wait()
    started, cpu_before = time.monotonic(), time.process_time()
    for image in images:
        engine.examine(image).words()
    return time.monotonic() - started, time.process_time() - cpu_before
