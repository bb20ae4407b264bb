"""Which page is read when: a pure function of the seed, with one integer of state, the samples consumed so far.

All epochs form one endless sequence of samples, a fresh permutation of the training pages each. Every step takes the
next `global_batch` samples from it, so every batch is full and the last one of an epoch reaches into the next. Ranks
take interleaved samples of a batch, so the sequence is the same on any number of ranks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from schemas import Corpus, UsageError


class SampleRef(NamedTuple):
    """A page of the corpus, and how often the training pages had been read before."""

    page: int
    epoch: int


class SampleOrder:
    """The endless sequence of training samples.

    Args:
        pages: `(n,)` corpus indices, n > 0.
        seed: of the run.
    """

    def __init__(self, pages: np.ndarray, seed: int) -> None:
        self.pages = pages
        self.seed = seed

    def samples(self, start: int, stop: int) -> list[SampleRef]:
        """Returns the samples at positions `start` to `stop - 1` of the sequence."""
        return [self._at(position) for position in range(start, stop)]

    def _at(self, position: int) -> SampleRef:
        epoch, place = divmod(position, len(self.pages))
        return SampleRef(int(self.pages[permutation(len(self.pages), self.seed, epoch)[place]]), epoch)


@lru_cache(maxsize=2)  # a batch, and the loader that reads ahead, may touch two epochs
def permutation(size: int, seed: int, epoch: int) -> np.ndarray:
    """Returns `0 .. size - 1` in the order of an epoch, uint32: 256 MB and a few seconds for 64 million pages."""
    order = np.arange(size, dtype=np.uint32)
    np.random.Generator(np.random.PCG64([seed, epoch])).shuffle(order)
    return order


class RankBatches:
    """The micro-batches of one rank, from a number of consumed samples to the end of the run.

    Args:
        consumed: samples that the run has seen; a multiple of `global_batch`.
        steps: how many steps are left.
    """

    def __init__(
        self,
        order: SampleOrder,
        *,
        global_batch: int,
        micro_batch: int,
        rank: int,
        ranks: int,
        consumed: int,
        steps: int,
    ) -> None:
        self.order = order
        self.global_batch = global_batch
        self.micro_batch = micro_batch
        self.rank = rank
        self.ranks = ranks
        self.starts = range(consumed, consumed + steps * global_batch, global_batch)

    def __len__(self) -> int:
        return len(self.starts) * (self.global_batch // self.ranks // self.micro_batch)

    def __iter__(self) -> Iterator[list[SampleRef]]:
        for start in self.starts:
            mine = self.order.samples(start, start + self.global_batch)[self.rank :: self.ranks]
            yield from (mine[i : i + self.micro_batch] for i in range(0, len(mine), self.micro_batch))


def micro_batch_size(global_batch: int, most: int, ranks: int) -> int:
    """Returns the largest size up to `most` that divides a rank's pages of a step evenly.

    Raises:
        UsageError: the global batch is no multiple of the ranks.
    """
    per_rank, rest = divmod(global_batch, ranks)
    if rest or not per_rank:
        raise UsageError(f"--global_batch {global_batch} is no multiple of the {ranks} ranks")
    return next(size for size in range(min(most, per_rank), 0, -1) if per_rank % size == 0)


def is_held_out(key: str, share: float) -> bool:
    """Tells whether a page is kept from training: whether its document's hash, as a fraction of 1, is below `share`.

    Pages of one document fall on the same side, and a document keeps its side in any corpus.
    """
    return int(key[:16], 16) < share * 2.0**64


def split(corpus: Corpus, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns the corpus indices `(n,)` of training and of held-out pages, in corpus order."""
    held_out = np.fromiter((is_held_out(corpus.key(i), share) for i in range(len(corpus))), bool, len(corpus))
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def batch_id(keys: list[str]) -> str:
    """Returns 16 hex digits that name a global batch: a hash of its sample keys in order."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
