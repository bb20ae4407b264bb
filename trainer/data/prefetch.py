"""Fetches remote shards into the cache before the run reads them, and keeps the cache within its size limit."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from trainer import distributed
from trainer.data.corpora import OpenCorpus
from trainer.data.sample_order import SampleOrder
from trainer.data.shard_files import CachedShards, ShardError, ShardFiles, cached_files, remove_leftovers
from trainer.settings.data import DataSettings

logger = logging.getLogger("trainer")

GROUPS_AHEAD = 2  # the group of shards that the run reads now, and the next group
FETCHERS = 4  # threads


class Prefetcher:
    """Fetches the shards that the run reads next, in a separate thread, and removes the shards unused for longest.

    If a shard was not fetched in time or the fetch failed, the process that reads the shard fetches it.

    Args:
        order: the sample order of the run.
        files: the shards of each corpus, in the numbering of the order.
        cache: the folder of cached shards.
        limit_bytes: maximum size of all shards in the cache.
    """

    def __init__(self, order: SampleOrder, files: Sequence[ShardFiles], cache: Path, limit_bytes: int) -> None:
        self.order = order
        self.files = files
        self.cache = cache
        self.limit_bytes = limit_bytes
        self._wanted: list[tuple[int, int]] = []
        self._positions: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def advance(self, position: int) -> None:
        """Reports that the run has reached a position of the order. Returns without waiting for the fetches."""
        if self._thread.ident is None:
            self._thread.start()  # not in __init__: a process should have only one thread when it forks workers
        self._positions.put(position)

    def _work(self) -> None:
        while True:
            position = self._positions.get()
            while not self._positions.empty():
                position = self._positions.get()
            wanted = shards_ahead(self.order, self.files, position)
            if wanted != self._wanted:
                self._wanted = wanted
                try:
                    self._fetch(wanted)
                except OSError as error:
                    logger.warning(f"read ahead: --cache_dir {self.cache} cannot be used: {error}")

    def _fetch(self, wanted: list[tuple[int, int]]) -> None:
        files = {corpus: files for corpus, files in enumerate(self.files) if isinstance(files, CachedShards)}
        sizes = {files[corpus].cached(number): files[corpus].shards[number].bytes for corpus, number in wanted}
        make_room(self.cache, self.limit_bytes, sizes)
        with ThreadPoolExecutor(FETCHERS) as pool:
            for fetched in [pool.submit(files[corpus].path, number) for corpus, number in wanted]:
                if isinstance(error := fetched.exception(), ShardError):
                    logger.warning(f"read ahead: {error}")
                elif error is not None:
                    raise error


def prefetcher(settings: DataSettings, order: SampleOrder, corpora: Sequence[OpenCorpus]) -> Callable[[int], None]:
    """Returns a function to call with the position of each step. Only one rank per machine fetches remote shards."""
    files = [corpus.train.files for corpus in corpora]
    caches = [shards.cache for shards in files if isinstance(shards, CachedShards)]
    if distributed.local_rank() != 0 or not caches:
        return lambda position: None
    return Prefetcher(order, files, caches[0], int(settings.cache_gb * 1e9)).advance


def shards_ahead(order: SampleOrder, files: Sequence[ShardFiles], position: int) -> list[tuple[int, int]]:
    """Returns corpus and shard number of the remote shards that the run reads at and after a position, in order."""
    places = order.places(position)
    wanted: list[tuple[int, int]] = []
    for corpus, (pages, place) in enumerate(zip(order.corpora, places, strict=True)):
        if isinstance(files[corpus], CachedShards):
            for group in islice(pages.shards_from(place), GROUPS_AHEAD):
                wanted += [(corpus, number) for number in group if (corpus, number) not in wanted]
    return wanted


def make_room(cache: Path, limit_bytes: int, wanted: dict[Path, int]) -> None:
    """Removes shards until the shards in the cache and the shards still to be fetched fit in the limit.

    The shards that were unused for longest are removed first. Partial files of killed fetches are removed too. Files
    that do not have a name of `CachedShards` are never removed.

    Args:
        cache: the folder of cached shards.
        limit_bytes: maximum size of all shards.
        wanted: path and size in bytes of each shard that must stay or will be fetched.
    """
    remove_leftovers(cache)
    found = [(size, path) for _, size, path in cached_files(cache, ".tar") if path not in wanted]
    coming = sum(size for _, size, path in cached_files(cache, ".part") if path.with_suffix(".tar") not in wanted)
    excess = sum(wanted.values()) + coming + sum(size for size, _ in found) - limit_bytes
    for size, path in found:
        if excess > 0:
            path.unlink(missing_ok=True)
            excess -= size
