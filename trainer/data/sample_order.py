"""The order in which pages are read.

The order is a pure function of the corpora and the seed. Its only state is the number of samples consumed so far.

All epochs of a corpus form one endless sequence of its training pages. Each epoch has a different order. The sequences
of several corpora are mixed into one by their weights. Every step takes the next `global_batch` samples of the mixed
sequence. So every batch is full, and the last batch of an epoch may contain pages of the next epoch. The ranks divide
each batch among themselves, so the sequence does not depend on the number of ranks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import NamedTuple

import numpy as np

from schemas import UsageError

CYCLE = 1000  # length of a section of the sequence in which each corpus has exactly its share of the samples


class SampleRef(NamedTuple):
    """A page to read: the number of its corpus, its row there, and how often the corpus has been read before."""

    corpus: int
    row: int
    epoch: int


class ShuffledPages:
    """The endless sequence of the pages of one corpus.

    Each epoch divides the shards into random groups of `shuffle_shards` shards and reads group after group. The pages
    of a group are shuffled. So a cache only needs to hold the shards of one group. A corpus with at most
    `shuffle_shards` shards is shuffled as a whole.

    Args:
        bounds: (shards + 1,) int64: see `PageTable.bounds`. There must be at least one page.
        shuffle_shards: number of shards per group.
        seed: integers that determine the order.
    """

    def __init__(self, bounds: np.ndarray, shuffle_shards: int, *seed: int) -> None:
        self.shuffle_shards = shuffle_shards
        self.size = int(bounds[-1])
        self._bounds = bounds
        self._seed = seed
        # Prefetching, evaluation and batch ids alternately use neighbouring groups, so a few of them are kept.
        self._groups = lru_cache(maxsize=4)(self._shuffled_groups)
        self._rows = lru_cache(maxsize=4)(self._shuffled_rows)

    def at(self, position: int) -> tuple[int, int]:
        """Returns the row and the epoch of the page at a position of the sequence."""
        epoch, place = divmod(position, self.size)
        group, start = self._group(epoch, place)
        return int(self._rows(epoch, group)[place - start]), epoch

    def shards_from(self, position: int) -> Iterator[list[int]]:
        """Yields the shards of the group at a position, then those of every following group, endlessly."""
        start, place = divmod(position, self.size)
        first, _ = self._group(start, place)
        for epoch in count(start):
            groups, _ = self._groups(epoch)
            yield from (group.tolist() for group in groups[first if epoch == start else 0 :])

    def _group(self, epoch: int, place: int) -> tuple[int, int]:
        """Returns the group that contains place `place` of an epoch, and the place at which this group begins."""
        _, starts = self._groups(epoch)
        number = int(np.searchsorted(starts, place, side="right")) - 1
        return number, int(starts[number])

    def _shuffled_groups(self, epoch: int) -> tuple[list[np.ndarray], np.ndarray]:
        sizes = np.diff(self._bounds)
        shards = np.random.Generator(np.random.PCG64([*self._seed, epoch])).permutation(np.flatnonzero(sizes))
        groups = np.split(shards, range(self.shuffle_shards, len(shards), self.shuffle_shards))
        return groups, np.cumsum([0, *(sizes[group].sum() for group in groups[:-1])])

    def _shuffled_rows(self, epoch: int, group: int) -> np.ndarray:
        shards = self._groups(epoch)[0][group]
        rows = np.concatenate([np.arange(self._bounds[shard], self._bounds[shard + 1]) for shard in shards])
        np.random.Generator(np.random.PCG64([*self._seed, epoch, group + 1])).shuffle(rows)
        return rows


class SampleOrder:
    """The endless sequence of training samples.

    Args:
        corpora: the pages of each corpus.
        weights: (corpora,) shares of the samples, above 0. Only their ratios count.
        seed: seed of the run.
    """

    def __init__(self, corpora: Sequence[ShuffledPages], weights: Sequence[float], seed: int) -> None:
        self.corpora = corpora
        self._quota = _quota(np.asarray(weights, float))
        self._seed = seed
        self._cycles = lru_cache(maxsize=4)(self._shuffled_cycle)

    def samples(self, start: int, stop: int) -> list[SampleRef]:
        """Returns the samples at positions `start` to `stop - 1` of the sequence."""
        return [self._at(position) for position in range(start, stop)]

    def places(self, position: int) -> list[int]:
        """Returns, for each corpus, how many of its pages come before a position of the sequence."""
        cycle, place = divmod(position, CYCLE)
        corpora, _ = self._cycles(cycle)
        return (cycle * self._quota + np.bincount(corpora[:place], minlength=len(self._quota))).tolist()

    def _at(self, position: int) -> SampleRef:
        cycle, place = divmod(position, CYCLE)
        corpora, before = self._cycles(cycle)
        corpus = int(corpora[place])
        return SampleRef(corpus, *self.corpora[corpus].at(cycle * int(self._quota[corpus]) + int(before[place])))

    def _shuffled_cycle(self, cycle: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns, for each place of a cycle, its corpus and how many earlier places of the cycle have this corpus."""
        corpora = np.repeat(np.arange(len(self._quota)), self._quota)
        np.random.Generator(np.random.PCG64([self._seed, cycle])).shuffle(corpora)
        before = np.empty(CYCLE, np.int64)
        for corpus, quota in enumerate(self._quota):
            before[corpora == corpus] = np.arange(quota)
        return corpora, before


def _quota(weights: np.ndarray) -> np.ndarray:
    """Returns the samples of each corpus per cycle, (corpora,) int64: 1 for each corpus, the rest by weight."""
    exact = 1 + weights / weights.sum() * (CYCLE - len(weights))
    quota = exact.astype(np.int64)
    quota[np.argsort(quota - exact, kind="stable")[: CYCLE - quota.sum()]] += 1
    return quota


class RankBatches:
    """The micro-batches of one rank, from a number of consumed samples to the end of the run.

    A global batch is sorted by length before it is divided. So the pages of a micro-batch have similar lengths, and so
    have the micro-batches that the ranks read at the same time. Both then need little padding.

    Args:
        order: the sequence of training samples.
        length: returns the length of a sample in any unit.
        global_batch: samples per step over all ranks.
        micro_batch: samples per micro-batch of a rank.
        rank: number of this rank.
        ranks: number of ranks.
        consumed: number of samples that the run has already read; a multiple of `global_batch`.
        steps: number of steps that are left.
        on_step: is called with the position of the first sample of each step, before the samples are read.
    """

    def __init__(
        self,
        order: SampleOrder,
        length: Callable[[SampleRef], int],
        *,
        global_batch: int,
        micro_batch: int,
        rank: int,
        ranks: int,
        consumed: int,
        steps: int,
        on_step: Callable[[int], None] = lambda position: None,
    ) -> None:
        self.order = order
        self.length = length
        self.global_batch = global_batch
        self.micro_batch = micro_batch
        self.rank = rank
        self.ranks = ranks
        self.starts = range(consumed, consumed + steps * global_batch, global_batch)
        self.on_step = on_step

    def __len__(self) -> int:
        return len(self.starts) * (self.global_batch // self.ranks // self.micro_batch)

    def __iter__(self) -> Iterator[list[SampleRef]]:
        size = self.micro_batch
        for start in self.starts:
            self.on_step(start)
            batch = sorted(self.order.samples(start, start + self.global_batch), key=self.length)
            yield from (batch[i : i + size] for i in range(self.rank * size, len(batch), self.ranks * size))


def micro_batch_size(global_batch: int, maximum: int, ranks: int) -> int:
    """Returns the largest size up to `maximum` that divides the pages of a rank per step evenly.

    Raises:
        UsageError: the global batch is not a multiple of the number of ranks.
    """
    per_rank, rest = divmod(global_batch, ranks)
    if rest or not per_rank:
        around = f"{global_batch - rest} or {global_batch - rest + ranks}" if per_rank else f"{ranks}"
        raise UsageError(f"--global_batch {global_batch} is no multiple of the {ranks} ranks: use {around}")
    return next(size for size in range(min(maximum, per_rank), 0, -1) if per_rank % size == 0)


def batch_id(keys: list[str]) -> str:
    """Returns the id of a global batch: 16 hex digits of a hash of its sample keys in order."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
