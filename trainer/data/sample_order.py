"""Which page is read when: a pure function of corpora and seed, with one integer of state, the samples consumed so far.

All epochs of a corpus form one endless sequence of its training pages, each epoch in an order of its own; several
corpora are woven into one by their weights. Every step takes the next `global_batch` samples from it, so every batch is
full and the last one of an epoch reaches into the next. Ranks deal each batch out among themselves, so the sequence is
the same on any number of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import NamedTuple

import numpy as np

from schemas import UsageError

CYCLE = 1000  # samples in which every corpus has its share of them


class SampleRef(NamedTuple):
    """A page to read: the number of its corpus, its row there, and how often that corpus had been read before."""

    corpus: int
    row: int
    epoch: int


class ShuffledPages:
    """The endless sequence of one corpus's pages.

    An epoch takes the shards in a random order, `shuffle_shards` at a time, and the pages of these in a random order
    too. So a cache needs no more shards than that, and a corpus of no more shards is shuffled as a whole.

    Args:
        bounds: (shards + 1,) int64, rows of the shards, at least one in all.
        seed: whole numbers that the order depends on.
    """

    def __init__(self, bounds: np.ndarray, shuffle_shards: int, *seed: int) -> None:
        self.shuffle_shards = shuffle_shards
        self.size = int(bounds[-1])
        self._bounds = bounds
        self._seed = seed
        # Reading ahead, evaluating and naming a batch touch neighbouring groups in turn.
        self._groups = lru_cache(maxsize=4)(self._shuffled_groups)
        self._rows = lru_cache(maxsize=4)(self._shuffled_rows)

    def at(self, position: int) -> tuple[int, int]:
        """Returns row and epoch of the page at a position of the sequence."""
        epoch, place = divmod(position, self.size)
        group, start = self._group(epoch, place)
        return int(self._rows(epoch, group)[place - start]), epoch

    def shards_from(self, position: int) -> Iterator[list[int]]:
        """Yields the shards of the group that a position lies in, then of each one after it, without end."""
        start, place = divmod(position, self.size)
        first, _ = self._group(start, place)
        for epoch in count(start):
            groups, _ = self._groups(epoch)
            yield from (group.tolist() for group in groups[first if epoch == start else 0 :])

    def _group(self, epoch: int, place: int) -> tuple[int, int]:
        """Returns the number of the group that holds a place of an epoch, and the place at which it begins."""
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
        corpora: the pages of each.
        weights: (corpora,) shares of the samples, above 0; only their ratios count.
        seed: of the run.
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
        """Returns, for each corpus, how many of its pages come before a position."""
        cycle, place = divmod(position, CYCLE)
        corpora, _ = self._cycles(cycle)
        return (cycle * self._quota + np.bincount(corpora[:place], minlength=len(self._quota))).tolist()

    def _at(self, position: int) -> SampleRef:
        cycle, place = divmod(position, CYCLE)
        corpora, before = self._cycles(cycle)
        corpus = int(corpora[place])
        return SampleRef(corpus, *self.corpora[corpus].at(cycle * int(self._quota[corpus]) + int(before[place])))

    def _shuffled_cycle(self, cycle: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns, for each place of a cycle, its corpus and how many places before it are of the same one."""
        corpora = np.repeat(np.arange(len(self._quota)), self._quota)
        np.random.Generator(np.random.PCG64([self._seed, cycle])).shuffle(corpora)
        before = np.empty(CYCLE, np.int64)
        for corpus, quota in enumerate(self._quota):
            before[corpora == corpus] = np.arange(quota)
        return corpora, before


def _quota(weights: np.ndarray) -> np.ndarray:
    """Returns (corpora,) whole numbers that add up to a cycle: one for each corpus, the others by weight."""
    exact = 1 + weights / weights.sum() * (CYCLE - len(weights))
    quota = exact.astype(np.int64)
    quota[np.argsort(quota - exact, kind="stable")[: CYCLE - quota.sum()]] += 1
    return quota


class RankBatches:
    """The micro-batches of one rank, from a number of consumed samples to the end of the run.

    A global batch is sorted by length before it is cut, so that pages of one micro-batch, and micro-batches that ranks
    read at the same time, need little padding.

    Args:
        length: of a sample, in any unit.
        consumed: samples that the run has seen; a multiple of `global_batch`.
        steps: how many steps are left.
        on_step: told the position of each step's first sample before that is read.
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


def micro_batch_size(global_batch: int, most: int, ranks: int) -> int:
    """Returns the largest size up to `most` that divides a rank's pages of a step evenly.

    Raises:
        UsageError: the global batch is no multiple of the ranks.
    """
    per_rank, rest = divmod(global_batch, ranks)
    if rest or not per_rank:
        around = f"{global_batch - rest} or {global_batch - rest + ranks}" if per_rank else f"{ranks}"
        raise UsageError(f"--global_batch {global_batch} is no multiple of the {ranks} ranks: take {around}")
    return next(size for size in range(min(most, per_rank), 0, -1) if per_rank % size == 0)


def batch_id(keys: list[str]) -> str:
    """Returns 16 hex digits that name a global batch: a hash of its sample keys in order."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
