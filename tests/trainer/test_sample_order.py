"""Which page is read when."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Corpus, UsageError
from tests.corpora import write_corpus
from trainer.sample_order import RankBatches, SampleOrder, batch_id, is_held_out, micro_batch_size, split

sizes = st.integers(1, 50)


def _read(order: SampleOrder, **changes: int) -> list:
    settings = {"global_batch": 12, "micro_batch": 2, "rank": 0, "ranks": 1, "consumed": 0, "steps": 5} | changes
    return list(RankBatches(order, **settings))


@given(sizes, st.integers(0, 3), st.integers(0, 2**32))
def test_every_epoch_reads_every_page_once(size, epoch, seed):
    order = SampleOrder(np.arange(100, 100 + size), seed)
    samples = order.samples(epoch * size, (epoch + 1) * size)
    assert {sample.epoch for sample in samples} == {epoch}
    assert sorted(sample.page for sample in samples) == list(range(100, 100 + size))


def test_seeds_and_epochs_have_orders_of_their_own():
    orders = [SampleOrder(np.arange(50), seed).samples(start, start + 50) for seed in (0, 1) for start in (0, 50)]
    assert len({tuple(sample.page for sample in order) for order in orders}) == 4


def test_the_last_batch_of_an_epoch_reaches_into_the_next():
    batch = SampleOrder(np.arange(10), 0).samples(8, 12)
    assert [sample.epoch for sample in batch] == [0, 0, 1, 1]


@given(st.sampled_from([1, 2, 3, 4, 6]), st.integers(12, 40))
def test_the_ranks_of_any_number_read_the_same_global_batches(ranks, size):
    order = SampleOrder(np.arange(size), 5)
    per_rank = [
        [sample for batch in _read(order, rank=rank, ranks=ranks, micro_batch=1) for sample in batch]
        for rank in range(ranks)
    ]
    interleaved = [sample for group in zip(*per_rank, strict=True) for sample in group]
    assert interleaved == order.samples(0, 60)


@given(st.integers(0, 5))
def test_samples_consumed_is_all_it_takes_to_go_on(step):
    order = SampleOrder(np.arange(17), 3)
    assert _read(order, consumed=step * 12, steps=5 - step) == _read(order)[step * 6 :]


def test_micro_batches_divide_a_ranks_pages_evenly():
    batches = RankBatches(
        SampleOrder(np.arange(30), 0), global_batch=12, micro_batch=3, rank=1, ranks=2, consumed=0, steps=2
    )
    assert [len(batch) for batch in batches] == [3, 3, 3, 3]
    assert len(batches) == 4


@pytest.mark.parametrize(
    ("global_batch", "most", "ranks", "size"), [(64, 8, 2, 8), (20, 8, 2, 5), (14, 4, 2, 1), (4, 8, 4, 1)]
)
def test_the_micro_batch_is_the_largest_that_fits(global_batch, most, ranks, size):
    assert micro_batch_size(global_batch, most, ranks) == size


@pytest.mark.parametrize(("global_batch", "ranks"), [(9, 2), (1, 2)])
def test_a_global_batch_that_ranks_cannot_share_is_refused(global_batch, ranks):
    with pytest.raises(UsageError, match=f"--global_batch {global_batch} is no multiple of the {ranks} ranks"):
        micro_batch_size(global_batch, 8, ranks)


def test_pages_of_one_document_fall_on_the_same_side(tmp_path):
    write_corpus(tmp_path / "OUT", pages=60, words=5, long_side=64)
    corpus = Corpus(tmp_path / "OUT")
    train, held_out = split(corpus, 0.3)
    assert sorted([*train, *held_out]) == list(range(60))
    sides = [{corpus.key(i)[:16] for i in side} for side in (train, held_out)]
    assert sides[1]
    assert not sides[0] & sides[1]


def test_the_held_out_share_is_a_share_of_the_documents():
    rng = np.random.Generator(np.random.PCG64(0))
    keys = [f"{int(number):016x}-00001" for number in rng.integers(0, 2**64, 4000, dtype=np.uint64)]
    for share in (0.0, 0.02, 0.5):
        assert Counter(is_held_out(key, share) for key in keys)[True] / 4000 == pytest.approx(share, abs=0.03)


def test_raising_the_share_only_adds_to_the_held_out_side():
    assert is_held_out("7fffffffffffffff-00001", 0.5)
    assert is_held_out("7fffffffffffffff-00001", 0.6)
    assert not is_held_out("8000000000000000-00001", 0.5)


def test_the_batch_id_depends_on_the_pages_and_their_order():
    assert batch_id(["a", "b"]) == batch_id(["a", "b"])
    assert len({batch_id(keys) for keys in (["a", "b"], ["b", "a"], ["a"], ["ab"])}) == 4
