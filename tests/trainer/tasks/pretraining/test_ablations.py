"""Details that the paper does not specify are configurable. The model also trains with their other values."""

from __future__ import annotations

import pytest
import torch

from tests.trainer.pages import collated, example_of, loss_of, page_image, page_tokens
from trainer.model.docformer import DocFormerV2
from trainer.settings.reading.loading import load_config
from trainer.tasks.pretraining.heads import PretrainingHeads

CHOICES = {
    "no image": ["model.image_height=0"],
    "the image of the paper": ["model.image_height=500", "model.patch_height=20"],
    "fewer and larger patches": ["model.patch_height=64", "model.patch_width=96"],
    "patches without positions": ["model.visual_positions=false"],
    "patches without boxes": ["model.visual_boxes=false"],
    "sentinels without boxes": ["objectives.mask_boxes=drop"],
    "sentinels with the box of their first token": ["objectives.mask_boxes=keep"],
    "more and longer spans": ["objectives.noise_density=0.3", "objectives.mean_span=5"],
    "two classes of line distances": ["model.line_classes=2"],
    "five classes of line distances": ["model.line_classes=5"],
    "few pairs": ["objectives.line_pairs=8"],
    "all boxes visible": ["objectives.hidden_box_share=0"],
    "all boxes hidden": ["objectives.hidden_box_share=1"],
    "different weights": ["objectives.line_weight=0.5", "objectives.grid_weight=2"],
}


def training_step(overrides: list[str]) -> tuple[float, list[str]]:
    """Returns the initial loss of two pages, and the names of the weights that get no gradient."""
    config = load_config("tiny", None, {}, ["model.encoder_layers=1", "model.decoder_layers=1", *overrides])
    torch.manual_seed(0)
    model = DocFormerV2(config.model, PretrainingHeads)
    settings = vars(config.objectives)
    pages = [example_of(page_tokens([n] * 12), page_image(), model=config.model, **settings) for n in (8, 5)]
    loss = loss_of(model(collated(pages)), config.objectives)
    loss.backward()
    idle = [name for name, parameter in model.named_parameters() if not parameter.grad.any()]
    return loss.item(), idle


@pytest.fixture(scope="module")
def default_loss() -> float:
    """The loss with the default settings."""
    return training_step([])[0]


@pytest.mark.parametrize("choice", CHOICES)
def test_the_model_trains_with_every_other_choice(choice, default_loss):
    loss, idle = training_step(CHOICES[choice])
    assert 0 < loss < 40
    assert loss != default_loss, "the setting has no effect"
    assert idle == []
