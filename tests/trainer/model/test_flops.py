"""The formula for floating-point operations, compared with torch's own counter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tests.trainer.pages import PRETRAINING, TINY, collated, example_of, loss_of, page_image, page_tokens
from trainer.model.config import MODEL_SIZES, ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.flops import flops_per_sequence
from trainer.tasks.pretraining.heads import PretrainingHeads


def counted(config: ModelConfig) -> tuple[float, int, int]:
    """Returns the operations per sequence as torch counts them, and the padded lengths of text and target."""
    model = DocFormerV2(config, PretrainingHeads)
    pages = [page_tokens([10] * 20), page_tokens([9] * 20)]
    batch = collated([example_of(page, page_image(), model=config) for page in pages])
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        loss_of(model(batch)).backward()
    return counter.get_total_flops() / len(pages), batch["input_ids"].shape[1], batch["labels"].shape[1]


@pytest.mark.parametrize("config", [TINY, replace(TINY, image_height=0)], ids=["with an image", "text only"])
def test_the_formula_agrees_with_the_count_of_torch(config):
    measured, text, target = counted(config)
    assert flops_per_sequence(config, text, target) + PRETRAINING.head_flops(text) == pytest.approx(measured, rel=1e-6)


@pytest.mark.parametrize(("size", "gflop"), [("small", 133), ("base", 532), ("large", 1800)])
def test_operations_of_a_full_sequence_for_each_size(size, gflop):
    assert flops_per_sequence(MODEL_SIZES[size], 512, 128) / 1e9 == pytest.approx(gflop, abs=1)


def test_activation_checkpointing_does_not_change_the_count():
    assert flops_per_sequence(replace(TINY, activation_checkpointing=True), 64, 64) == flops_per_sequence(TINY, 64, 64)
