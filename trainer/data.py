"""From a corpus to batches of tensors: read, decode, make the example, collate; in worker processes where asked for."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator

import numpy as np
import simplejpeg
import torch
from torch.utils.data import DataLoader, Dataset

from schemas import Corpus, FolioError, Sample, Tokenizer
from trainer.config import PretrainConfig
from trainer.example import Batch, Example, collate, make_example
from trainer.sample_order import SampleRef


class SampleError(FolioError):
    """A sample cannot be read or decoded. Only the rank that met it knows."""


class PageDataset(Dataset[Example]):
    """Pages of a corpus as training examples, by `SampleRef`."""

    def __init__(self, corpus: Corpus, tokenizer: Tokenizer, config: PretrainConfig) -> None:
        self.corpus = corpus
        self.tokenizer = tokenizer
        self.config = config

    def __getitem__(self, ref: SampleRef) -> Example:
        sample = self.corpus[ref.page]
        model = self.config.model
        return make_example(
            sample.key,
            sample.tokens,
            decode_image(sample, model.image_height, model.image_width) if model.visual_tokens else None,
            seed=self.config.seed,
            epoch=ref.epoch,
            objectives=self.config.objectives,
            model=model,
            tokenizer=self.tokenizer,
        )


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


def load_batches(dataset: PageDataset, micro_batches: Iterable[list[SampleRef]], workers: int) -> Iterator[Batch]:
    """Yields the batch of each list of samples, in order, read ahead by `workers` processes.

    Raises:
        SampleError: one cannot be read.
    """
    loader = DataLoader(
        dataset,
        batch_sampler=micro_batches,
        collate_fn=collate,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_heed_parent_alone,
        pin_memory=torch.cuda.is_available(),
    )
    try:
        yield from loader
    except FolioError as error:
        raise SampleError(_own_words(error)) from error


def _own_words(error: FolioError) -> str:
    """Returns the message alone: one that comes from a worker process has the worker's whole traceback before it."""
    kind = type(error)
    return str(error).rpartition(f"\n{kind.__module__}.{kind.__qualname__}: ")[2].strip()


def to_device(batch: Batch, device: torch.device | str) -> Batch:
    """Returns the batch with its tensors on `device`."""
    moved = {name: value.to(device, non_blocking=True) for name, value in batch.items() if torch.is_tensor(value)}
    return {**batch, **moved}


def _heed_parent_alone(worker: int) -> None:
    """Makes SIGTERM end this worker only where its parent sends it.

    A launcher signals the whole process tree, but the run still needs its batches to reach the checkpoint.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_exit_when_parent_asks, daemon=True).start()


def _exit_when_parent_asks() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
