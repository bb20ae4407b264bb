"""The whole network: outcomes, masking, precision, training and decoding."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from tests.trainer.pages import TINY, collated, example_of, loss_of, page_image, page_tokens
from trainer.model.batch import IGNORE, Batch
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.tasks.pretraining.heads import PretrainingHeads

LABELS = ("labels", "line_classes", "cells")
TEXT_ONLY = replace(TINY, image_height=0)
# Small enough to be trained in a test: 512 ids and a small page image.
MEMORISER = replace(TINY, vocab_size=512, image_height=128, image_width=96)
SMALL_TOKENIZER = SimpleNamespace(sentinel_ids=tuple(range(511, 411, -1)), eos_id=1)


@pytest.fixture(scope="module")
def model() -> DocFormerV2:
    torch.manual_seed(0)
    return DocFormerV2(TINY, PretrainingHeads).eval()


def batch_of(*lines: list[int], image: bool = True, model: ModelConfig = TINY, pad_multiple: int = 64) -> Batch:
    """Returns a batch with one page per argument: the number of words in each of its lines."""
    picture = page_image() if image else None
    pages = [example_of(page_tokens(page), picture, key=str(i), model=model) for i, page in enumerate(lines)]
    return collated(pages, pad_multiple)


def losses_of(model: DocFormerV2, batch: Batch) -> dict[str, float]:
    """Returns the mean loss of each label tensor."""
    with torch.no_grad():
        return {name: (outcome.loss_sum / outcome.answers).item() for name, outcome in model(batch).items()}


def train(model: DocFormerV2, batch: Batch, steps: int) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(model(batch)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def test_each_label_tensor_has_an_outcome(model):
    batch = batch_of([8] * 10, [5] * 4)
    with torch.no_grad():
        outcomes = model(batch)
    assert set(outcomes) == set(LABELS)
    for name, outcome in outcomes.items():
        assert outcome.answers == (batch[name] != IGNORE).sum()
        assert 0 <= outcome.correct <= outcome.answers
    assert outcomes["line_classes"].answers == 128


def test_an_untrained_model_has_the_loss_of_random_guessing(model):
    losses = losses_of(model, batch_of([8] * 20))
    assert losses["line_classes"] == pytest.approx(1.1, abs=0.8)  # ln 3
    assert losses["cells"] == pytest.approx(2.8, abs=1.0)  # ln 16
    assert losses["labels"] == pytest.approx(10.4, abs=1.5)  # ln 32,000


def test_padding_does_not_change_the_losses(model):
    pages = ([8] * 10, [5] * 4)
    padded, tight = batch_of(*pages, pad_multiple=256), batch_of(*pages, pad_multiple=1)
    assert padded["input_ids"].shape[1] > 2 * tight["input_ids"].shape[1]
    assert losses_of(model, padded) == pytest.approx(losses_of(model, tight), rel=1e-5)


def test_other_pages_in_the_batch_do_not_change_the_output_of_a_page(model):
    alone, together = batch_of([8] * 4), batch_of([8] * 4, [9] * 20)
    with torch.no_grad():
        length = alone["input_ids"].shape[1] + 128
        expected, got = model.encode(alone)[0][0], model.encode(together)[0][0, :length]
    visible = model.encode(alone)[1][0]
    torch.testing.assert_close(got[visible], expected[visible], atol=1e-4, rtol=1e-4)


def test_the_model_does_not_see_pixels_outside_the_page_or_of_a_missing_image(model):
    batch = batch_of([8] * 4, image=False)
    noise = batch | {"images": torch.randint_like(batch["images"], 256)}
    assert losses_of(model, noise) == losses_of(model, batch)
    text_only = {name: value for name, value in batch.items() if name != "images"}
    assert losses_of(model, text_only) == pytest.approx(losses_of(model, batch), rel=1e-5)


def test_pixels_change_the_losses(model):
    batch = batch_of([8] * 4)
    assert losses_of(model, batch | {"images": 255 - batch["images"]}) != losses_of(model, batch)


def test_the_box_of_a_hidden_token_does_not_change_the_losses(model):
    batch = batch_of([8] * 10)
    hidden = ~batch["box_visible"]
    moved = batch | {"boxes": torch.where(hidden[..., None], 777, batch["boxes"])}
    assert losses_of(model, moved) == losses_of(model, batch)


@pytest.mark.parametrize("words", [0, 1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pages_with_almost_no_words_have_finite_losses_and_gradients(words, dtype):
    torch.manual_seed(0)
    model = DocFormerV2(TINY, PretrainingHeads).to(dtype)
    outcomes = model(batch_of([words]))
    loss_of(outcomes).backward()
    assert all(value.isfinite() for outcome in outcomes.values() for value in outcome)
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    assert outcomes["line_classes"].answers == 0
    assert outcomes["line_classes"].loss_sum == 0


def test_bfloat16_is_close_to_float32(model):
    batch = batch_of([8] * 20)
    exact = losses_of(model, batch)
    copy = DocFormerV2(TINY, PretrainingHeads).eval()
    copy.load_state_dict(model.state_dict())
    rounded = losses_of(copy.to(torch.bfloat16), batch)
    assert all(rounded[name] == pytest.approx(exact[name], rel=0.03) for name in LABELS)


def test_losses_are_float32_in_any_precision():
    outcomes = DocFormerV2(TEXT_ONLY, PretrainingHeads).to(torch.bfloat16)(batch_of([4], model=TEXT_ONLY))
    assert {value.dtype for outcome in outcomes.values() for value in outcome} == {torch.float32}


def test_a_model_without_heads_has_only_the_outcome_of_its_decoder():
    assert set(DocFormerV2(TEXT_ONLY)(batch_of([4], model=TEXT_ONLY))) == {"labels"}


def test_initial_weights_of_the_other_modules_do_not_depend_on_the_heads():
    with_heads, without_heads = [], []
    for heads, weights in ((PretrainingHeads, with_heads), (None, without_heads)):
        torch.manual_seed(0)
        weights += DocFormerV2(TEXT_ONLY, heads).state_dict().values()
    assert all(map(torch.equal, without_heads, with_heads))


def test_every_weight_gets_a_gradient():
    model = DocFormerV2(TINY, PretrainingHeads)
    loss_of(model(batch_of([8] * 10))).backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad.abs().max() == 0] == []


def test_the_output_layer_is_tied_to_the_token_embedding():
    model = DocFormerV2(TINY, PretrainingHeads)
    assert model.vocabulary.weight is model.tokens.weight


def test_a_tiny_model_memorises_one_batch_in_all_three_objectives():
    torch.manual_seed(0)
    model = DocFormerV2(MEMORISER, PretrainingHeads)
    pages = [
        example_of(page_tokens(page), page_image(), model=MEMORISER, tokenizer=SMALL_TOKENIZER)
        for page in ([6] * 8, [5] * 9)
    ]
    train(model, collated(pages), steps=120)
    with torch.no_grad():
        outcomes = model(collated(pages))
    accuracy = {name: float(outcome.correct / outcome.answers) for name, outcome in outcomes.items()}
    assert all(value > 0.95 for value in accuracy.values()), accuracy
