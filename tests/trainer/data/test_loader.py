"""The loader: from corpora to batches of tensors."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from schemas import Sample
from tests.support.corpora import spoil_corpus, token_with, write_corpus
from trainer.data.batches import sample_order
from trainer.data.corpora import open_corpora
from trainer.data.loader import (
    MAX_BAD_IN_A_ROW,
    PageDataset,
    TooManyBadSamples,
    WorkerDied,
    decode_image,
    load_batches,
)
from trainer.data.sample_order import RankBatches, SampleOrder, SampleRef
from trainer.data.shard_files import ShardError
from trainer.model.batch import IGNORE, Batch
from trainer.run.setup import fit_to_corpora, pretraining
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.loading import load_config

REFS = [[SampleRef(0, 0, 0), SampleRef(0, 3, 0)], [SampleRef(0, 5, 1), SampleRef(0, 1, 2)]]


def _open(*corpora: str | Path, **settings: str) -> tuple[PageDataset, SampleOrder, PretrainConfig]:
    given = {"corpus": [str(corpus) for corpus in corpora], "val_share": "0", **settings}
    small = ["model.image_height=64", "model.image_width=96", "objectives.max_text_tokens=64"]
    config = load_config("tiny", None, given, small)
    opened, tokenizer = open_corpora(config)
    config = fit_to_corpora(config, opened, tokenizer)
    task = pretraining(config, tokenizer)
    dataset = PageDataset([corpus.train for corpus in opened], task, config.model, config.seed)
    return dataset, sample_order(config, opened), config


def _batches(dataset: PageDataset, refs: Iterable[list[SampleRef]], workers: int) -> Iterator[Batch]:
    return load_batches(dataset, refs, pad_multiple=32, workers=workers)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory) -> dict[str, Path]:
    """Three corpora: three shards; shards of very different sizes; fewer pages than ranks x workers."""
    base = tmp_path_factory.mktemp("corpora")
    write_corpus(base / "many", pages=9, shards=3, words=30, long_side=128)
    write_corpus(base / "uneven", pages=17, shards=(1, 13, 1, 2), words=20, long_side=128, seed=1)
    write_corpus(base / "three", pages=3, shards=1, words=20, long_side=128, seed=2)
    return {path.name: path for path in base.iterdir()}


@pytest.fixture(scope="module")
def dataset(corpora) -> PageDataset:
    return _open(corpora["many"])[0]


def _rows(batch: Batch) -> list[dict[str, object]]:
    """Returns every example of a batch without its padding."""
    rows = []
    for number, key in enumerate(batch["keys"]):
        text, target = int(batch["text_mask"][number].sum()), int((batch["labels"][number] != IGNORE).sum())
        lengths = {"labels": target} | dict.fromkeys(("input_ids", "boxes", "box_visible", "cells"), text)
        tensors = {name: value[number] for name, value in batch.items() if torch.is_tensor(value)}
        del tensors["text_mask"]
        rows.append({"key": key} | {n: v[: lengths.get(n, len(v))].numpy().tobytes() for n, v in tensors.items()})
    return rows


def _global_batches(paths: list[str], ranks: int, workers: int, first: int, steps: int = 6) -> list[list]:
    """Returns the batches of 8 pages of steps `first` to `steps` - 1, as `ranks` ranks together read them."""
    dataset, order, _ = _open(*paths, shuffle_shards="2")
    streams = [
        _batches(
            dataset,
            RankBatches(
                order,
                dataset.length,
                **{"global_batch": 8, "micro_batch": 2, "rank": rank, "ranks": ranks},
                consumed=first * 8,
                steps=steps - first,
            ),
            workers,
        )
        for rank in range(ranks)
    ]
    rounds = [[row for batch in turn for row in _rows(batch)] for turn in zip(*streams, strict=True)]
    size = 4 // ranks
    return [[row for part in rounds[i : i + size] for row in part] for i in range(0, len(rounds), size)]


@pytest.mark.parametrize(
    "names", [["many"], ["uneven"], ["many:0.7", "uneven:0.3"], ["three"]], ids=lambda names: " ".join(names)
)
def test_global_batches_do_not_depend_on_ranks_workers_or_a_resume(corpora, names):
    paths = [f"{corpora['many'].parent}/{name}" for name in names]
    expected = _global_batches(paths, 1, 0, 0)
    assert [len(batch) for batch in expected] == [8] * 6
    for ranks, workers, first in ((1, 2, 0), (2, 0, 3), (2, 2, 0), (4, 0, 1), (4, 2, 4)):
        assert _global_batches(paths, ranks, workers, first) == expected[first:], (ranks, workers, first)


def test_batches_contain_the_requested_pages(dataset):
    batches = list(_batches(dataset, REFS, 0))
    assert [batch["keys"] for batch in batches] == [[dataset.key(ref) for ref in refs] for refs in REFS]
    assert batches[0]["images"].shape == (2, 64, 96, 3)


def test_the_length_in_the_page_table_sorts_pages_like_the_length_of_their_examples(dataset):
    refs = [SampleRef(0, row, 0) for row in range(9)]
    examples = [len(dataset[ref].input_ids) for ref in sorted(refs, key=dataset.length)]
    assert examples == sorted(examples)


def test_a_page_is_masked_differently_in_each_epoch_and_identically_within_one(dataset):
    first, again, later = (dataset[SampleRef(0, 2, epoch)].input_ids for epoch in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)


def test_a_text_only_model_decodes_no_image(dataset):
    text_only = PageDataset(dataset.corpora, dataset.task, replace(dataset.model, image_height=0), dataset.seed)
    assert text_only[SampleRef(0, 0, 0)].page is None


@pytest.mark.parametrize(("height", "width"), [(2000, 1400), (1000, 2500), (300, 200)])
def test_a_page_is_not_decoded_smaller_than_the_canvas_needs(height, width):
    _, jpg = cv2.imencode(".jpg", np.full((height, width, 3), 200, np.uint8))
    image = decode_image(Sample("k", jpg.tobytes(), b"", np.empty((0, 8), np.int32)), 512, 384)
    fit = min(512 / height, 384 / width, 1.0)
    assert image.shape[0] >= int(height * fit)
    assert image.shape[1] >= int(width * fit)
    assert image.shape[0] <= max(2 * height * fit, height if fit == 1 else 0)


@pytest.mark.parametrize(
    ("spoil", "reason"), [(None, "cannot be decoded"), (token_with(cell=16), "token 2 has cell 16, outside 0..15: ")]
)
@pytest.mark.parametrize("workers", [0, 1])
def test_a_bad_sample_is_replaced_and_reported_with_its_shard(corpora, tmp_path, workers, spoil, reason):
    damaged = spoil_corpus(corpora["three"], tmp_path / "OUT", {1}, spoil)
    dataset = _open(damaged)[0]
    refs = [[SampleRef(0, row, epoch) for row in range(3)] for epoch in range(2)]
    first, second = _batches(dataset, refs, workers)
    for epoch, batch in enumerate((first, second)):
        (bad,) = {entry.partition(" in ")[0] for entry in batch["bad"]}
        assert bad in {dataset.key(ref) for ref in refs[0]}
        assert bad not in batch["keys"]
        assert all(entry.startswith(f"{bad} in corpus-00000: ") and reason in entry for entry in batch["bad"])
        again = next(_batches(dataset, refs[epoch : epoch + 1], 0))
        assert _rows(again) == _rows(batch)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (token_with(token_id=32000), "token 2 has token_id 32000, outside 0..31999: verify the corpus"),
        (token_with(token_id=-1), "token 2 has token_id -1, outside 0..31999"),
        (token_with(word=-1), "token 2 has word -1, outside 0.."),
        (token_with(word=10_000), "token 2 has word 10000, outside 0.."),
        (token_with(line=-2), "token 2 has line -2, outside 0.."),
        (token_with(line=10_000), "token 2 has line 10000, outside 0.."),
        (token_with(cell=-1), "token 2 has cell -1, outside 0..15"),
        (token_with(x1=1001), "token 2 has x1 1001, outside 0..1000"),
        (token_with(y0=-3), "token 2 has y0 -3, outside 0..1000"),
        (token_with(x0=9, x1=8), "whose corners are swapped"),
        (token_with(y0=9, y1=8), "whose corners are swapped"),
        (lambda tokens: tokens[::-1], "not in reading order"),
        (lambda tokens: np.where(tokens < 0, tokens, np.nan), "is not an npy of int32"),
    ],
)
def test_a_page_whose_tokens_are_out_of_range_is_bad_and_its_value_is_named(corpora, tmp_path, spoil, reason):
    dataset = _open(spoil_corpus(corpora["three"], tmp_path / "OUT", {1}, spoil))[0]
    (batch,) = _batches(dataset, [[SampleRef(0, row, 0) for row in range(3)]], 0)
    assert batch["bad"]
    assert all(reason in entry for entry in batch["bad"])


def test_the_largest_numbers_of_the_schema_are_in_range(corpora, tmp_path):
    largest = token_with(token_id=31999, cell=15, x0=1000, y0=1000, x1=1000, y1=1000)
    dataset = _open(spoil_corpus(corpora["three"], tmp_path / "OUT", {0, 1, 2}, largest))[0]
    (batch,) = _batches(dataset, [[SampleRef(0, row, 0) for row in range(3)]], 0)
    assert not batch["bad"]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_corpus_of_bad_samples_stops_the_run(corpora, tmp_path, workers):
    dataset = _open(spoil_corpus(corpora["three"], tmp_path / "OUT", {0, 1, 2}))[0]
    with pytest.raises(TooManyBadSamples) as stopped:
        list(_batches(dataset, [[SampleRef(0, 0, 0)]], workers))
    assert str(stopped.value).startswith(f"{MAX_BAD_IN_A_ROW} bad samples in a row, the last one ")
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_shard_whose_hash_differs_from_the_index_is_refused_before_it_is_read(corpora, tmp_path, workers):
    shutil.copytree(corpora["three"], tmp_path / "OUT")
    index = json.loads((tmp_path / "OUT" / "index.json").read_text())
    index["shards"][0]["sha256"] = "0" * 64
    (tmp_path / "OUT" / "index.json").write_text(json.dumps(index))
    dataset = _open(tmp_path / "OUT")[0]
    with pytest.raises(ShardError, match=r"corpus-00000\.tar is not the shard of the index"):
        list(_batches(dataset, [[SampleRef(0, 0, 0)]], workers))


def test_a_shard_that_vanishes_during_the_run_is_named(corpora, tmp_path):
    shutil.copytree(corpora["three"], tmp_path / "OUT")
    dataset = _open(tmp_path / "OUT")[0]
    (tmp_path / "OUT" / "shards" / "corpus-00000.tar").unlink()
    with pytest.raises(ShardError, match=r"corpus-00000\.tar cannot be read: .* fetch or build it again"):
        list(_batches(dataset, [[SampleRef(0, 0, 0)]], 0))


def test_a_killed_worker_ends_the_run_with_one_short_error(dataset, monkeypatch):
    read = PageDataset.__getitems__

    def killed_in_epoch_3(self, refs):
        if refs[0].epoch == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(self, refs)

    monkeypatch.setattr(PageDataset, "__getitems__", killed_in_epoch_3)
    batches = _batches(dataset, [[SampleRef(0, 0, epoch)] for epoch in range(1000)], 1)
    with pytest.raises(WorkerDied, match=r"died, perhaps because memory or /dev/shm was full .* try fewer"):
        list(batches)
