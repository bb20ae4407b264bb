"""The order in which pages are read."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import UsageError
from trainer.data.sample_order import (
    CYCLE,
    RankBatches,
    SampleOrder,
    SampleRef,
    ShuffledPages,
    batch_id,
    micro_batch_size,
)

shard_sizes = st.lists(st.integers(0, 12), min_size=1, max_size=8).filter(any)


def _pages(sizes: list[int], shuffle_shards: int = 64, *seed: int) -> ShuffledPages:
    return ShuffledPages(np.append(0, np.cumsum(sizes)), shuffle_shards, *(seed or (0,)))


def _order(*sizes: int, seed: int = 0) -> SampleOrder:
    return SampleOrder([_pages([size], 64, seed, number) for number, size in enumerate(sizes)], sizes, seed)


def _read(order: SampleOrder, **changes: int) -> list[list[SampleRef]]:
    settings = {"global_batch": 12, "micro_batch": 2, "rank": 0, "ranks": 1, "consumed": 0, "steps": 5} | changes
    return list(RankBatches(order, lambda ref: ref.row % 5, **settings))


@given(shard_sizes, st.integers(1, 4), st.integers(0, 3), st.integers(0, 2**32))
def test_each_epoch_reads_each_page_once(sizes, shuffle_shards, epoch, seed):
    pages, size = _pages(sizes, shuffle_shards, seed), sum(sizes)
    read = [pages.at(position) for position in range(epoch * size, (epoch + 1) * size)]
    assert {found for _, found in read} == {epoch}
    assert sorted(row for row, _ in read) == list(range(size))


@given(shard_sizes, st.integers(1, 4), st.integers(0, 300))
def test_pages_come_from_the_shards_of_one_group_at_a_time(sizes, shuffle_shards, position):
    pages, bounds = _pages(sizes, shuffle_shards), np.cumsum(sizes)
    shards = [int(np.searchsorted(bounds, pages.at(p)[0], side="right")) for p in range(position, position + 30)]
    for group in islice(pages.shards_from(position), 100):
        assert len(group) <= shuffle_shards
        while shards and shards[0] in group:
            shards.pop(0)
        if not shards:
            return
    pytest.fail(f"{len(shards)} pages are from other shards")


def test_different_seeds_epochs_and_corpora_have_different_orders():
    sequences = [_pages([50], 64, *seed) for seed in ((0, 0), (1, 0), (0, 1))]
    orders = [tuple(pages.at(start + i)[0] for i in range(50)) for pages in sequences for start in (0, 50)]
    assert len(set(orders)) == 6


def test_the_last_batch_of_an_epoch_contains_pages_of_the_next_epoch():
    assert [sample.epoch for sample in _order(10).samples(8, 12)] == [0, 0, 1, 1]


def test_a_corpus_smaller_than_a_batch_is_read_several_times_in_one_batch():
    assert [sample.epoch for sample in _order(3).samples(0, 8)] == [0, 0, 0, 1, 1, 1, 2, 2]


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=5), st.integers(0, 3))
def test_corpora_have_their_share_of_each_cycle(weights, cycle):
    order = SampleOrder([_pages([7], 64, number) for number in range(len(weights))], weights, 0)
    counts = Counter(sample.corpus for sample in order.samples(cycle * CYCLE, (cycle + 1) * CYCLE))
    for number, weight in enumerate(weights):
        assert counts[number] == pytest.approx(weight / sum(weights) * CYCLE, abs=len(weights))
        assert counts[number] > 0


@given(st.integers(0, 3000))
def test_each_corpus_continues_where_it_stopped_when_others_were_read_in_between(position):
    order = SampleOrder([_pages([7], 64, 1), _pages([11], 64, 2)], [0.7, 0.3], 5)
    counts = Counter(sample.corpus for sample in order.samples(0, position))
    assert order.places(position) == [counts[0], counts[1]]
    nxt = order.samples(position, position + 1)[0]
    assert (nxt.row, nxt.epoch) == order.corpora[nxt.corpus].at(counts[nxt.corpus])


@given(st.sampled_from([1, 2, 3, 4, 6]), st.integers(12, 40))
def test_any_number_of_ranks_reads_the_same_global_batches(ranks, size):
    order = _order(size)
    per_rank = [_read(order, rank=rank, ranks=ranks, micro_batch=1) for rank in range(ranks)]
    combined = [sample for turn in zip(*per_rank, strict=True) for (sample,) in turn]
    assert combined == [sample for batch in _read(order) for sample in batch]
    for start in range(0, 60, 12):
        assert Counter(combined[start : start + 12]) == Counter(order.samples(start, start + 12))


def test_pages_of_a_micro_batch_have_similar_lengths():
    for step in np.array_split(np.asarray([[r.row % 5 for r in batch] for batch in _read(_order(40))]), 5):
        assert step.ravel().tolist() == sorted(step.ravel().tolist())


@given(st.integers(0, 5))
def test_the_number_of_consumed_samples_is_enough_to_resume(step):
    order = _order(17)
    assert _read(order, consumed=step * 12, steps=5 - step) == _read(order)[step * 6 :]


def test_micro_batches_divide_the_pages_of_a_rank_evenly():
    settings = {"global_batch": 12, "micro_batch": 3, "rank": 1, "ranks": 2, "consumed": 0, "steps": 2}
    batches = RankBatches(_order(30), lambda ref: 0, **settings)
    assert [len(batch) for batch in batches] == [3, 3, 3, 3]
    assert len(batches) == 4


def test_on_step_is_called_before_a_step_is_read():
    positions: list[int] = []
    settings = {"global_batch": 4, "micro_batch": 2, "rank": 0, "ranks": 1, "consumed": 8, "steps": 2}
    batches = iter(RankBatches(_order(30), lambda ref: 0, **settings, on_step=positions.append))
    next(batches)
    assert positions == [8]
    assert len(list(batches)) == 3
    assert positions == [8, 12]


@pytest.mark.parametrize(
    ("global_batch", "maximum", "ranks", "size"), [(64, 8, 2, 8), (20, 8, 2, 5), (14, 4, 2, 1), (4, 8, 4, 1)]
)
def test_the_micro_batch_is_the_largest_that_divides_evenly(global_batch, maximum, ranks, size):
    assert micro_batch_size(global_batch, maximum, ranks) == size


@pytest.mark.parametrize(("global_batch", "ranks", "nearest"), [(9, 2, "8 or 10"), (5, 3, "3 or 6"), (1, 2, "2")])
def test_a_global_batch_that_ranks_cannot_divide_is_refused_with_the_nearest_ones(global_batch, ranks, nearest):
    message = f"--global_batch {global_batch} is no multiple of the {ranks} ranks: use {nearest}$"
    with pytest.raises(UsageError, match=message):
        micro_batch_size(global_batch, 8, ranks)


def test_the_batch_id_depends_on_the_pages_and_their_order():
    assert batch_id(["a", "b"]) == batch_id(["a", "b"])
    assert len({batch_id(keys) for keys in (["a", "b"], ["b", "a"], ["a"], ["ab"])}) == 4
