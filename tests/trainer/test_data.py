"""From a corpus to batches of tensors."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from schemas import Sample
from tests.corpora import write_corpus
from trainer.config import load_config
from trainer.data import PageDataset, SampleError, decode_image, load_batches
from trainer.run_setup import fit_to_corpus, open_pages
from trainer.sample_order import SampleRef

REFS = [[SampleRef(0, 0), SampleRef(3, 0)], [SampleRef(5, 1), SampleRef(1, 2)]]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> PageDataset:
    path = tmp_path_factory.mktemp("corpus") / "OUT"
    write_corpus(path, pages=8, words=30, long_side=256)
    config = load_config("tiny", None, {"corpus": str(path), "global_batch": "4"})
    pages = open_pages(config)
    return PageDataset(pages.corpus, pages.tokenizer, fit_to_corpus(config, pages))


def test_batches_hold_the_pages_that_were_asked_for(dataset):
    batches = list(load_batches(dataset, REFS, workers=0))
    assert [batch["keys"] for batch in batches] == [[dataset.corpus.key(r.page) for r in refs] for refs in REFS]
    assert batches[0]["images"].shape == (2, 512, 384, 3)


def test_workers_change_nothing(dataset):
    for alone, helped in zip(load_batches(dataset, REFS, 0), load_batches(dataset, REFS, 2), strict=True):
        assert alone["keys"] == helped["keys"]
        for name in alone:
            assert name == "keys" or torch.equal(alone[name], helped[name]), name


def test_a_page_is_masked_anew_in_every_epoch_and_the_same_way_in_one(dataset):
    first, again, later = (dataset[SampleRef(2, epoch)].input_ids for epoch in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)


def test_a_text_only_model_decodes_no_image(dataset):
    config = replace(dataset.config, model=replace(dataset.config.model, image_height=0))
    blind = PageDataset(dataset.corpus, dataset.tokenizer, config)
    assert blind[SampleRef(0, 0)].page is None


@pytest.mark.parametrize(("height", "width"), [(2000, 1400), (1000, 2500), (300, 200)])
def test_a_page_is_decoded_no_smaller_than_the_canvas_needs(height, width):
    _, jpg = cv2.imencode(".jpg", np.full((height, width, 3), 200, np.uint8))
    image = decode_image(Sample("k", jpg.tobytes(), b"", np.empty((0, 8), np.int32)), 512, 384)
    fit = min(512 / height, 384 / width, 1.0)
    assert image.shape[0] >= int(height * fit)
    assert image.shape[1] >= int(width * fit)
    assert image.shape[0] <= max(2 * height * fit, height if fit == 1 else 0)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_page_that_cannot_be_decoded_is_named(dataset, workers, monkeypatch):
    damaged = Sample("00ff-00001", b"\xff\xd8 no image", b"", np.empty((0, 8), np.int32))
    monkeypatch.setattr(type(dataset.corpus), "__getitem__", lambda corpus, index: damaged)
    with pytest.raises(SampleError) as refused:
        list(load_batches(dataset, REFS, workers))
    message = str(refused.value)
    assert message.startswith("the image of 00ff-00001 cannot be decoded")
    assert message.endswith("verify the corpus")
    assert "\n" not in message
