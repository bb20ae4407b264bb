"""Other loaders, webdataset and datasets, read the shards without any code of Folio."""

from __future__ import annotations

import dataclasses
import io

import datasets
import numpy as np
import pytest
import webdataset
from PIL import Image

from schemas import Corpus, encode_sample
from tests.support.drawn_pages import draw_page


@pytest.fixture
def tars(corpus_dir):
    return sorted(str(path) for path in (corpus_dir / "shards").glob("*.tar"))


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def assert_same_annotation(record, sample):
    page = sample.page()
    assert record["key"] == page.key
    assert record["words"]["text"] == [word.text for word in page.words]
    assert record["words"]["box"] == [list(word.box) for word in page.words]
    assert record["words"]["line"] == [word.line for word in page.words]
    assert record["lines"]["box"] == [list(line.box) for line in page.lines]


def test_webdataset_reads_and_decodes_the_shards(corpus_dir, tars):
    found = list(webdataset.WebDataset(tars, shardshuffle=False).decode())
    expected = list(Corpus(corpus_dir))
    assert [sample["__key__"] for sample in found] == [sample.key for sample in expected]
    for sample, ours in zip(found, expected, strict=True):
        assert sample["jpg"] == ours.jpg
        assert_same_annotation(sample["json"], ours)
        assert sample["tokens.npy"].dtype == np.int32
        np.testing.assert_array_equal(sample["tokens.npy"], ours.tokens)


def test_webdataset_decodes_the_images(corpus_dir, tars):
    sample = next(iter(webdataset.WebDataset(tars, shardshuffle=False).decode("rgb8")))
    page = Corpus(corpus_dir)[0].page()
    assert sample["jpg"].shape == (page.image_height, page.image_width, 3)


@pytest.mark.parametrize("streaming", [False, True], ids=["on disk", "streaming"])
def test_datasets_reads_the_shards(corpus_dir, tars, tmp_path, offline, streaming):
    loaded = datasets.load_dataset(
        "webdataset", data_files=tars, split="train", streaming=streaming, cache_dir=str(tmp_path)
    )
    found, expected = list(loaded), list(Corpus(corpus_dir))
    assert [row["__key__"] for row in found] == [sample.key for sample in expected]
    for row, ours in zip(found, expected, strict=True):
        assert row["jpg"].size == Image.open(io.BytesIO(ours.jpg)).size
        assert_same_annotation(row["json"], ours)
        np.testing.assert_array_equal(row["tokens.npy"], ours.tokens)


def test_a_page_with_whole_numbers_and_a_page_with_fractions_load_together(tmp_path, offline):
    """A loader infers types from the first pages. Whole scores and sizes there must not make the column integer."""
    tar = tmp_path / "corpus.tar"
    with webdataset.TarWriter(str(tar)) as writer:
        for number, (width_pt, score) in enumerate([(612, 1), (611.5, 0.93)]):
            page, jpg = draw_page(seed=0, number=number, words=10, long_side=64, total=2)
            words = tuple(dataclasses.replace(word, score=score) for word in page.words)
            page = dataclasses.replace(page, width_pt=width_pt, words=words)
            writer.write(encode_sample(page, jpg, np.zeros((1, 8), np.int32)))
    rows = datasets.load_dataset("webdataset", data_files=[str(tar)], split="train", cache_dir=str(tmp_path / "cache"))
    assert [row["json"]["width_pt"] for row in rows] == [612.0, 611.5]
