"""Without boxes and patches the network is T5: with the same weights it has the logits of the transformers library."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.trainer.pages import collated, example_of, page_tokens
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.generation import generate
from trainer.model.t5_import import import_t5, our_name

transformers = pytest.importorskip("transformers")

CONFIG = ModelConfig(d_model=64, d_ff=128, d_kv=24, heads=4, encoder_layers=3, decoder_layers=2, image_height=0)
SHAPES = (
    CONFIG,
    replace(CONFIG, d_model=96, d_ff=64, d_kv=16, heads=8, encoder_layers=2, decoder_layers=2),
    replace(CONFIG, relative_buckets=8, relative_max_distance=20, encoder_layers=2, decoder_layers=1),
)


def fresh_t5(config: ModelConfig) -> torch.nn.Module:
    """Returns a T5 of the transformers library with its initial weights."""
    from benchmarks.training.train_cpu import t5_config

    return transformers.T5ForConditionalGeneration(t5_config(config))


def random_t5(config: ModelConfig) -> torch.nn.Module:
    """Returns a T5 whose weights are all random, also those of the norms, which are initially 1."""
    theirs = fresh_t5(config)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return theirs.eval()


@pytest.fixture(scope="module", params=SHAPES, ids=["deep", "wide", "few buckets"])
def both_models(request, tmp_path_factory) -> tuple[DocFormerV2, torch.nn.Module]:
    torch.manual_seed(0)
    theirs = random_t5(request.param)
    folder = tmp_path_factory.mktemp("t5")
    theirs.save_pretrained(folder)
    ours = DocFormerV2(request.param).eval()
    import_t5(ours, folder)
    return ours, theirs


def batch_without_boxes(model: ModelConfig) -> dict:
    pages = [page_tokens([9] * 20), page_tokens([5] * 3)]
    batch = collated([example_of(page, model=model, key=str(i)) for i, page in enumerate(pages)])
    return batch | {"box_visible": torch.zeros_like(batch["box_visible"])}


def test_logits_and_loss_agree_with_transformers(both_models):
    ours, theirs = both_models
    batch = batch_without_boxes(ours.config)
    with torch.no_grad():
        expected = theirs(
            input_ids=batch["input_ids"], attention_mask=batch["text_mask"].long(), labels=batch["labels"]
        )
        encoded, visible = ours.encode(batch)
        start = torch.zeros(2, 1, dtype=torch.long)
        decoder_ids = torch.cat([start, batch["labels"][:, :-1].clamp(min=0)], dim=1)
        torch.testing.assert_close(ours.decode(encoded, visible, decoder_ids), expected.logits, atol=1e-5, rtol=1e-4)
        loss_sum, _, answers = ours(batch)["labels"]
        torch.testing.assert_close(loss_sum / answers, expected.loss, atol=1e-5, rtol=0)


def test_gradients_agree_with_transformers(both_models):
    ours, theirs = both_models
    batch = batch_without_boxes(ours.config)
    theirs(
        input_ids=batch["input_ids"], attention_mask=batch["text_mask"].long(), labels=batch["labels"]
    ).loss.backward()
    loss_sum, _, answers = ours(batch)["labels"]
    (loss_sum / answers).backward()
    own = dict(ours.named_parameters())
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(own[our_name(name)].grad, parameter.grad, atol=1e-5, rtol=1e-4, msg=name)


def test_greedy_decoding_returns_the_tokens_of_transformers(both_models):
    ours, theirs = both_models
    batch = batch_without_boxes(ours.config)
    expected = theirs.generate(
        input_ids=batch["input_ids"], attention_mask=batch["text_mask"].long(), max_new_tokens=12, do_sample=False
    )
    assert torch.equal(generate(ours, batch, 12).ids, expected[:, 1:])


def test_beam_search_returns_the_texts_of_transformers(both_models):
    ours, theirs = both_models
    batch = batch_without_boxes(ours.config)
    expected = theirs.generate(
        input_ids=batch["input_ids"],
        attention_mask=batch["text_mask"].long(),
        max_new_tokens=8,
        num_beams=4,
        do_sample=False,
        early_stopping="never",
    )
    assert torch.equal(generate(ours, batch, 8, beams=4).ids, expected[:, 1:])


def test_initial_weights_have_the_standard_deviation_of_transformers():
    torch.manual_seed(1)
    config = replace(CONFIG, d_model=256, d_ff=512, d_kv=32)
    theirs = fresh_t5(config)
    ours = dict(DocFormerV2(config).named_parameters())
    for name, value in theirs.named_parameters():
        if value.dim() > 1 and value.numel() > 1000:
            assert ours[our_name(name)].std().item() == pytest.approx(value.std().item(), rel=0.05), name
