"""Model configurations: parameter counts, derived sizes and refused values."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from schemas.errors import UsageError
from tests.trainer.pages import TINY, TOKENIZER
from trainer.model.config import MODEL_SIZES
from trainer.model.docformer import DocFormerV2
from trainer.tasks.pretraining.heads import PretrainingHeads


@pytest.mark.parametrize(("size", "millions"), [("small", 66.98), ("base", 232.8), ("large", 751.2)])
def test_parameter_counts_match_the_published_counts_with_and_without_pretraining_heads(size, millions):
    with torch.device("meta"):
        model = DocFormerV2(MODEL_SIZES[size], PretrainingHeads)
    total = sum(parameter.numel() for parameter in model.parameters())
    heads = sum(parameter.numel() for parameter in model.heads.parameters())
    assert total / 1e6 == pytest.approx(millions, abs=0.3)
    assert (total - heads) / 1e6 == pytest.approx(millions, abs=0.05)


def test_every_size_reads_a_page_as_128_patches():
    assert {config.visual_tokens for config in MODEL_SIZES.values()} == {128}


def test_a_text_only_model_has_no_visual_branch():
    config = replace(TINY, image_height=0)
    assert config.visual_tokens == 0
    assert not [name for name, _ in DocFormerV2(config).named_parameters() if name.startswith("visual")]


def test_a_text_only_model_may_have_any_width():
    assert DocFormerV2(replace(TINY, image_height=0, d_model=100)).config.d_model == 100


def test_vocabulary_size_and_special_ids_come_from_the_tokenizer():
    config = replace(TINY, vocab_size=1, pad_id=7, eos_id=9).with_tokenizer(TOKENIZER)
    assert (config.vocab_size, config.pad_id, config.eos_id) == (32128, 0, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_width": 400}, "512 x 400"),
        ({"patch_width": 6}, "patch_width"),
        ({"d_model": 100}, "d_model must be a multiple of 16, got 100"),
        ({"d_model": 0}, "d_model must be at least 1, got 0"),
        ({"patch_height": 0}, "patch_height must be at least 1, got 0"),
        ({"heads": -2}, "heads must be at least 1, got -2"),
        ({"image_height": -32}, "image_height must not be negative, got -32"),
        ({"relative_buckets": 2}, "relative_buckets must be at least 4, got 2"),
        ({"relative_max_distance": 16}, "relative_max_distance must be above"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_an_invalid_size_is_refused_and_named(change, message):
    with pytest.raises(UsageError, match=message):
        replace(TINY, **change)
