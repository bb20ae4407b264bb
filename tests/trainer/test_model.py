from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from tests.trainer.pages import TINY, example_of, page_image, page_tokens
from trainer.batch import Batch
from trainer.example import collate
from trainer.model import DocFormerV2
from trainer.model_config import ModelConfig
from trainer.objectives import ObjectivesConfig

NAMES = ("denoise", "line", "grid")
TEXT_ONLY = replace(TINY, image_height=0)
# Small enough to be trained in a test: 512 ids and a thumbnail of the page.
MEMORISER = replace(TINY, vocab_size=512, image_height=128, image_width=96)
SMALL = SimpleNamespace(sentinel_ids=tuple(range(511, 411, -1)), eos_id=1)


@pytest.fixture(scope="module")
def model() -> DocFormerV2:
    torch.manual_seed(0)
    return DocFormerV2(TINY).eval()


def batch_of(*lines: list[int], image: bool = True, model: ModelConfig = TINY, pad_multiple: int = 64) -> Batch:
    picture = page_image() if image else None
    pages = [example_of(page_tokens(page), picture, key=str(i), model=model) for i, page in enumerate(lines)]
    return collate(pages, pad_multiple)


def losses_of(model: DocFormerV2, batch: Batch) -> dict[str, float]:
    with torch.no_grad():
        return {name: value.item() for name, value in model(batch).items()}


def train(model: DocFormerV2, batch: Batch, steps: int) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    for _ in range(steps):
        optimizer.zero_grad()
        ObjectivesConfig().total(model(batch)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def test_each_objective_has_a_loss_and_an_accuracy(model):
    losses = losses_of(model, batch_of([8] * 10, [5] * 4))
    assert set(losses) == {f"{kind}_{name}" for kind in ("loss", "correct", "count") for name in NAMES}
    assert all(0 <= losses[f"correct_{name}"] <= losses[f"count_{name}"] for name in NAMES)
    assert losses["count_line"] == 128


def test_an_untrained_model_answers_at_chance(model):
    losses = losses_of(model, batch_of([8] * 20))
    assert losses["loss_line"] == pytest.approx(1.1, abs=0.8)  # ln 3
    assert losses["loss_grid"] == pytest.approx(2.8, abs=1.0)  # ln 16
    assert losses["loss_denoise"] == pytest.approx(10.4, abs=1.5)  # ln 32,000


def test_padding_changes_no_loss(model):
    pages = ([8] * 10, [5] * 4)
    padded, tight = batch_of(*pages, pad_multiple=256), batch_of(*pages, pad_multiple=1)
    assert padded["input_ids"].shape[1] > 2 * tight["input_ids"].shape[1]
    assert losses_of(model, padded) == pytest.approx(losses_of(model, tight), rel=1e-5)


def test_a_neighbour_in_the_batch_changes_no_logit(model):
    alone, together = batch_of([8] * 4), batch_of([8] * 4, [9] * 20)
    with torch.no_grad():
        length = alone["input_ids"].shape[1] + 128
        expected, got = model.encode(alone)[0][0], model.encode(together)[0][0, :length]
    visible = model.encode(alone)[1][0]
    torch.testing.assert_close(got[visible], expected[visible], atol=1e-4, rtol=1e-4)


def test_what_lies_beyond_the_page_or_in_an_absent_image_is_not_seen(model):
    batch = batch_of([8] * 4, image=False)
    noise = batch | {"images": torch.randint_like(batch["images"], 256)}
    assert losses_of(model, noise) == losses_of(model, batch)
    without = {name: value for name, value in batch.items() if name != "images"}
    assert losses_of(model, without) == pytest.approx(losses_of(model, batch), rel=1e-5)


def test_pixels_matter(model):
    batch = batch_of([8] * 4)
    assert losses_of(model, batch | {"images": 255 - batch["images"]}) != losses_of(model, batch)


def test_the_box_of_a_hidden_token_cannot_leak(model):
    batch = batch_of([8] * 10)
    hidden = ~batch["box_visible"]
    moved = batch | {"boxes": torch.where(hidden[..., None], 777, batch["boxes"])}
    assert losses_of(model, moved) == losses_of(model, batch)


@pytest.mark.parametrize("words", [0, 1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pages_of_almost_no_words_have_finite_losses_and_gradients(words, dtype):
    torch.manual_seed(0)
    model = DocFormerV2(TINY).to(dtype)
    losses = model(batch_of([words]))
    ObjectivesConfig().total(losses).backward()
    assert all(value.isfinite() for value in losses.values())
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    assert losses["count_line"] == 0
    assert losses["loss_line"] == 0


def test_bfloat16_is_close_to_float32(model):
    batch = batch_of([8] * 20)
    exact = losses_of(model, batch)
    copy = DocFormerV2(TINY).eval()
    copy.load_state_dict(model.state_dict())
    rough = losses_of(copy.to(torch.bfloat16), batch)
    assert all(rough[f"loss_{name}"] == pytest.approx(exact[f"loss_{name}"], rel=0.03) for name in NAMES)


def test_losses_are_float32_in_any_precision():
    losses = DocFormerV2(TEXT_ONLY).to(torch.bfloat16)(batch_of([4], model=TEXT_ONLY))
    assert {value.dtype for value in losses.values()} == {torch.float32}


def test_a_model_without_heads_denoises_only():
    losses = DocFormerV2(TEXT_ONLY, pretraining_heads=False)(batch_of([4], model=TEXT_ONLY))
    assert set(losses) == {"loss_denoise", "correct_denoise", "count_denoise"}


def test_every_weight_learns():
    model = DocFormerV2(TINY)
    ObjectivesConfig().total(model(batch_of([8] * 10))).backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad.abs().max() == 0] == []


def test_the_vocabulary_is_tied_to_the_embedding():
    model = DocFormerV2(TINY)
    assert model.vocabulary.weight is model.tokens.weight


def test_a_tiny_model_learns_one_batch_by_heart_in_all_three_objectives():
    torch.manual_seed(0)
    model = DocFormerV2(MEMORISER)
    pages = [
        example_of(page_tokens(page), page_image(), model=MEMORISER, tokenizer=SMALL) for page in ([6] * 8, [5] * 9)
    ]
    train(model, collate(pages), steps=120)
    losses = losses_of(model, collate(pages))
    accuracy = {name: losses[f"correct_{name}"] / losses[f"count_{name}"] for name in NAMES}
    assert all(value > 0.95 for value in accuracy.values()), accuracy


def test_decoding_stops_at_eos_and_pads_behind_it():
    torch.manual_seed(0)
    config = replace(MEMORISER, image_height=0)
    pages = [example_of(page_tokens(page), model=config, tokenizer=SMALL) for page in ([6] * 3, [6] * 4)]
    batch = collate(pages) | {"labels": torch.tensor([[200, 201, 1, -100, -100], [300, 301, 302, 303, 1]])}
    model = DocFormerV2(config)
    train(model, batch, steps=40)
    model.eval()
    assert model.generate(batch, max_new_tokens=20).tolist() == [[200, 201, 1, 0, 0], [300, 301, 302, 303, 1]]
    assert model.generate(batch, max_new_tokens=2).tolist() == [[200, 201], [300, 301]]
