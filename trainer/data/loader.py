"""From a corpus to batches of tensors: read, decode, make the example, collate; in worker processes where asked for."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing.queues import Queue

import numpy as np
import simplejpeg
import torch
from torch.utils.data import DataLoader, Dataset

from schemas import FolioError, Sample, SchemaError
from schemas.sample import TOKEN_COLUMNS
from trainer.data.collate import collate
from trainer.data.corpora import CorpusPages
from trainer.data.sample_order import SampleRef
from trainer.model.batch import Batch
from trainer.model.config import ModelConfig
from trainer.model.page_canvas import page_patches
from trainer.tasks.base import Example, Task, page_generator

TOKEN_ID, WORD, LINE = (TOKEN_COLUMNS.index(name) for name in ("token_id", "word", "line"))
MOST_BAD_IN_A_ROW = 100
BATCHES_AHEAD = 4  # of each worker


class SampleError(FolioError):
    """A sample cannot be read or decoded."""


class WorkerDied(FolioError):
    """A worker process was killed. Only its rank knows."""


class TooManyBadSamples(FolioError):
    """The corpus, and not a page of it, is bad. Only the rank that met it knows."""


class PageDataset(Dataset[Example]):
    """Pages of corpora as training examples, by `SampleRef`.

    A page that cannot be used gives way to another one of its corpus, drawn by seed, epoch and key, so that it is the
    same one on any rank, worker or restart.

    Args:
        corpora: in the numbering of the refs.
        task: makes the examples.
        model: fitted to the corpora.
        seed: of the run.
    """

    def __init__(self, corpora: Sequence[CorpusPages], task: Task, model: ModelConfig, seed: int) -> None:
        self.corpora = corpora
        self.task = task
        self.model = model
        self.seed = seed

    def key(self, ref: SampleRef) -> str:
        """Returns the key of a page, unread."""
        return self.corpora[ref.corpus].table.key(ref.row)

    def length(self, ref: SampleRef) -> int:
        """Returns how many tokens of a page the task reads; the page itself is not read."""
        return self.task.tokens_read(int(self.corpora[ref.corpus].table.tokens[ref.row]))

    def __getitems__(self, refs: list[SampleRef]) -> list[Example]:
        """Returns many examples at once: all texts, then all images, which else take the caches from each other."""
        try:
            samples = [self.corpora[ref.corpus].sample(ref.row) for ref in refs]
            texts = [self._text(sample, ref.epoch) for sample, ref in zip(samples, refs, strict=True)]
            return [self._with_image(text, sample) for text, sample in zip(texts, samples, strict=True)]
        except (SchemaError, SampleError):
            return [self[ref] for ref in refs]

    def __getitem__(self, ref: SampleRef) -> Example:
        pages, row = self.corpora[ref.corpus], ref.row
        bad: list[str] = []
        while len(bad) < MOST_BAD_IN_A_ROW:
            try:
                sample = pages.sample(row)
                example = self._with_image(self._text(sample, ref.epoch), sample)
                return replace(example, bad=tuple(bad)) if bad else example
            except (SchemaError, SampleError) as error:
                bad.append(f"{pages.table.key(row)} in {pages.shard_name(row)}: {error}")
                chance = page_generator(self.seed, ref.epoch, f"{self.key(ref)}, bad {len(bad)} times")
                row = int(chance.integers(len(pages)))
        raise TooManyBadSamples(f"{len(bad)} bad samples in a row, the last one {bad[-1]}")

    def _text(self, sample: Sample, epoch: int) -> Example:
        _require_usable(sample, self.model.vocab_size)
        return self.task.example(sample, epoch)

    def _with_image(self, text: Example, sample: Sample) -> Example:
        model = self.model
        if not model.visual_tokens:
            return text
        return replace(text, page=page_patches(decode_image(sample, model.image_height, model.image_width), model))


def _require_usable(sample: Sample, vocabulary: int) -> None:
    if not len(sample.tokens):
        return
    ids = sample.tokens[:, TOKEN_ID]
    if not 0 <= ids.min() <= ids.max() < vocabulary:
        raise SampleError(f"{sample.key} has token ids beyond the {vocabulary} of the tokenizer: verify the corpus")
    if any(np.any(column[1:] < column[:-1]) for column in (sample.tokens[:, WORD], sample.tokens[:, LINE])):
        raise SampleError(f"{sample.key} has words or lines out of their order: verify the corpus")


def decode_image(sample: Sample, height: int, width: int) -> np.ndarray:
    """Returns the page's image, `(h, w, 3)` uint8, no smaller than it fills a `height x width` canvas.

    A JPEG can be decoded at eighths of its size, for a fraction of the time.

    Raises:
        SampleError: it is no JPEG.
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
    """Yields the batch of each list of samples, in order, read ahead by `workers` processes.

    Args:
        pad_multiple: see `collate`.

    Raises:
        FolioError: a shard cannot be had, too many samples are bad, or a worker was killed.
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
        raise type(error)(_own_words(error)) from error
    except (RuntimeError, OSError) as error:
        if isinstance(error, RuntimeError) and not str(error).startswith("DataLoader worker"):
            raise
        what = str(error).partition(". ")[0]
        raise WorkerDied(
            f"a process that reads pages died, for want of memory or of room in /dev/shm perhaps ({what}): "
            "try fewer --workers, of which 0 needs neither; containers get more by docker run --shm-size"
        ) from error


def _own_words(error: FolioError) -> str:
    """Returns the message alone: one that comes from a worker process has the worker's whole traceback before it."""
    kind = type(error)
    return str(error).rpartition(f"\n{kind.__module__}.{kind.__qualname__}: ")[2].strip()


def _prepare_worker(worker: int) -> None:
    """Makes SIGTERM end this worker only where its parent sends it, and a batch that cannot be handed over end it too.

    A launcher signals the whole process tree, but the run still needs its batches to reach the checkpoint. And without
    room in shared memory, a batch would be dropped and waited for for ever.
    """
    Queue._on_queue_feeder_error = staticmethod(lambda error, batch: os._exit(1))  # type: ignore[attr-defined]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_exit_when_parent_asks, daemon=True).start()


def _exit_when_parent_asks() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
