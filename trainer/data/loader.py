"""Loads batches of tensors from corpora: read, decode, make examples and collate, optionally in worker processes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing.queues import Queue
from types import TracebackType

import numpy as np
import simplejpeg
import torch
from torch.utils.data import DataLoader, Dataset

from schemas import FolioError, Sample, SchemaError
from schemas.token_limits import TokenLimits, count_words
from trainer.data.collate import collate
from trainer.data.corpora import CorpusPages
from trainer.data.sample_order import SampleRef
from trainer.model.batch import Batch
from trainer.model.config import ModelConfig
from trainer.model.page_canvas import page_patches
from trainer.tasks.base import Example, Task, page_generator

MAX_BAD_IN_A_ROW = 100
BATCHES_AHEAD = 4  # batches that each worker loads in advance


class SampleError(FolioError):
    """A sample cannot be decoded, or its tokens are not those of a page of its corpus."""


class WorkerDied(FolioError):
    """A worker process was killed. Only its own rank raises this error."""


class TooManyBadSamples(FolioError):
    """So many bad samples in a row that the corpus must be bad. Only the rank that read them raises this error."""


class PageDataset(Dataset[Example]):
    """Pages of corpora as training examples, by `SampleRef`.

    A page that cannot be used is replaced by another page of its corpus. Seed, epoch and key determine the replacement,
    so it is the same on any rank and worker and after any restart.

    Args:
        corpora: the pages of each corpus, in the numbering of the refs.
        task: makes the examples.
        model: the model configuration, with the vocabulary and the grid of the corpora.
        seed: seed of the run.
    """

    def __init__(self, corpora: Sequence[CorpusPages], task: Task, model: ModelConfig, seed: int) -> None:
        self.corpora = corpora
        self.task = task
        self.model = model
        self.seed = seed

    def key(self, ref: SampleRef) -> str:
        """Returns the key of a page without reading the page."""
        return self.corpora[ref.corpus].table.key(ref.row)

    def length(self, ref: SampleRef) -> int:
        """Returns how many tokens of a page the task uses, without reading the page."""
        return self.task.tokens_read(int(self.corpora[ref.corpus].table.tokens[ref.row]))

    def __getitems__(self, refs: list[SampleRef]) -> list[Example]:
        """Returns the examples of a micro-batch. Making all texts before all images uses the CPU caches better."""
        try:
            samples = [self.corpora[ref.corpus].sample(ref.row, ref.epoch) for ref in refs]
            texts = [self._text(sample, ref) for sample, ref in zip(samples, refs, strict=True)]
            return [self._with_image(text, sample) for text, sample in zip(texts, samples, strict=True)]
        except (SchemaError, SampleError):
            return [self[ref] for ref in refs]

    def __getitem__(self, ref: SampleRef) -> Example:
        """Returns the example of a page, or of the page that replaces it.

        Raises:
            TooManyBadSamples: the page and all its replacements are bad.
            ShardError: a shard cannot be read or fetched.
        """
        pages, row = self.corpora[ref.corpus], ref.row
        bad: list[str] = []
        while len(bad) < MAX_BAD_IN_A_ROW:
            try:
                sample = pages.sample(row, ref.epoch)
                example = self._with_image(self._text(sample, ref), sample)
                return replace(example, bad=tuple(bad)) if bad else example
            except (SchemaError, SampleError) as error:
                bad.append(f"{pages.table.key(row)} in {pages.shard_name(row)}: {error}")
                chance = page_generator(self.seed, ref.epoch, f"{self.key(ref)}, bad {len(bad)} times")
                row = int(chance.integers(len(pages)))
        raise TooManyBadSamples(f"{len(bad)} bad samples in a row, the last one {bad[-1]}")

    def _text(self, sample: Sample, ref: SampleRef) -> Example:
        _require_usable(sample, self.corpora[ref.corpus].limits)
        return self.task.example(sample, ref.epoch)

    def _with_image(self, text: Example, sample: Sample) -> Example:
        return with_image(text, sample, self.task, self.model)


def with_image(text: Example, sample: Sample, task: Task, model: ModelConfig) -> Example:
    """Returns an example with the image of its page, unless the task or the model reads no images.

    Raises:
        SampleError: the image is not a JPEG.
    """
    if not (model.visual_tokens and task.reads_images):
        return text
    return replace(text, page=page_patches(decode_image(sample, model.image_height, model.image_width), model))


def _require_usable(sample: Sample, limits: TokenLimits) -> None:
    if not len(sample.tokens):
        return
    words, lines = count_words(sample.json, f"{sample.key}.json")
    if fault := limits.fault(sample.tokens, words, lines):
        raise SampleError(f"{fault}: verify the corpus")


def decode_image(sample: Sample, height: int, width: int) -> np.ndarray:
    """Decodes the image of a page, at a reduced size if the canvas is smaller than the image.

    A JPEG can be decoded at multiples of 1/8 of its size, which takes a fraction of the time.

    Args:
        sample: the page.
        height: of the canvas in pixels.
        width: of the canvas in pixels.

    Returns:
        (h, w, 3) uint8; not smaller than the page on the canvas, unless the stored image is smaller.

    Raises:
        SampleError: the image is not a JPEG.
    """
    try:
        full_height, full_width, *_ = simplejpeg.decode_jpeg_header(sample.jpg)
        fit = min(height / full_height, width / full_width, 1.0)
        return simplejpeg.decode_jpeg(
            sample.jpg, colorspace="RGB", min_height=int(full_height * fit), min_width=int(full_width * fit)
        )
    except ValueError as error:
        raise SampleError(f"the image of {sample.key} cannot be decoded ({error}): verify the corpus") from error


def load_batches(
    dataset: PageDataset, micro_batches: Iterable[list[SampleRef]], *, pad_multiple: int, workers: int
) -> Iterator[Batch]:
    """Yields the batch of each list of samples, in order.

    Args:
        dataset: makes the examples.
        micro_batches: the samples of each batch.
        pad_multiple: see `collate`.
        workers: number of processes that load batches in advance; 0 loads them in this process.

    Raises:
        FolioError: a shard cannot be read or fetched, too many samples are bad, or a worker was killed.
    """
    loader = DataLoader(
        dataset,
        batch_sampler=micro_batches,
        collate_fn=partial(collate, task=dataset.task, pad_multiple=pad_multiple),
        num_workers=workers,
        prefetch_factor=BATCHES_AHEAD if workers else None,
        worker_init_fn=_prepare_worker,
        pin_memory=torch.cuda.is_available(),
    )
    try:
        yield from loader
    except FolioError as error:
        raise type(error)(_without_traceback(error)) from error
    except (RuntimeError, OSError) as error:
        if isinstance(error, RuntimeError) and not str(error).startswith("DataLoader worker"):
            raise
        reason = str(error).partition(". ")[0]
        raise WorkerDied(
            f"a process that reads pages died, perhaps because memory or /dev/shm was full ({reason}): "
            "try fewer --workers; 0 starts no such processes; docker run --shm-size makes /dev/shm larger in containers"
        ) from error


def _without_traceback(error: FolioError) -> str:
    """Returns only the message. In an error from a worker process, the worker's traceback comes before the message."""
    kind = type(error)
    return str(error).rpartition(f"\n{kind.__module__}.{kind.__qualname__}: ")[2].strip()


def _prepare_worker(worker: int) -> None:
    """Sets up the two conditions that end a worker process.

    1. SIGTERM ends it only if its parent sends it. A launcher sends SIGTERM to the whole process tree, but the run
       still needs batches until it has written its checkpoint.
    2. A batch that cannot be sent to the parent ends it. If shared memory is full, torch would drop the batch, and the
       parent would wait for it forever.
    """
    Queue._on_queue_feeder_error = staticmethod(lambda error, batch: os._exit(1))  # type: ignore[attr-defined]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_exit_on_signal_of_parent, daemon=True).start()
    sys.excepthook = _ignore_end_of_parent


def _ignore_end_of_parent(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Prints no traceback if the parent ended while a thread of this worker was sending it a batch."""
    if not issubclass(kind, (ConnectionError, EOFError)):
        sys.__excepthook__(kind, error, trace)


def _exit_on_signal_of_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
