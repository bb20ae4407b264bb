"""The T5 layers: position buckets, attention, masks, checkpointing, dropout and compilation."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import torch

from trainer.engine.start import compile_layers
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.layers import Attention, Decoder, Encoder, RelativePositionBias, mask_out, relative_buckets

NANO = ModelConfig(d_model=32, d_ff=64, d_kv=8, heads=4, encoder_layers=2, decoder_layers=2, vocab_size=64)


def test_each_near_distance_has_its_own_bucket_and_far_distances_share_buckets():
    offsets = torch.tensor([0, -1, -7, -8, -9, -127, -128, -5000, 1, 7, 5000])
    buckets = relative_buckets(offsets, 32, 128, causal=False)
    assert buckets.tolist() == [0, 1, 7, 8, 8, 15, 15, 15, 17, 23, 31]


def test_a_causal_stack_uses_all_buckets_for_earlier_tokens():
    offsets = torch.tensor([3, 0, -1, -15, -16, -127, -5000])
    assert relative_buckets(offsets, 32, 128, causal=True).tolist() == [0, 0, 1, 15, 16, 31, 31]


def test_the_initial_position_bias_prefers_near_tokens_and_later_heads_reach_farther():
    torch.manual_seed(0)
    bias = RelativePositionBias(replace(NANO, d_model=1024), causal=False)(200)[0]
    assert bias[0, 100].argmax() == 100
    assert bias[0, 100, 99].item() == pytest.approx(-1.0, abs=0.2)
    assert bias[0, 100, 0].item() == pytest.approx(-8.0, abs=0.2)
    far = bias[:, 100, 90]
    assert (far.diff() > 0).all()


def test_attention_is_an_unscaled_softmax_over_the_visible_keys():
    torch.manual_seed(0)
    attention = Attention(NANO)
    x, bias = torch.randn(2, 5, 32), torch.randn(1, 4, 5, 5)
    visible = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]).bool()[:, None, None]
    query, key, value = (
        layer(x).view(2, 5, 4, 8).transpose(1, 2) for layer in (attention.query, attention.key, attention.value)
    )
    logits = (query @ key.transpose(-1, -2) + bias).masked_fill(~visible, -torch.inf)
    expected = attention.output((logits.softmax(-1) @ value).transpose(1, 2).reshape(2, 5, 32))
    torch.testing.assert_close(attention(x, mask_out(bias.expand(2, -1, -1, -1), visible)), expected)


def test_the_decoder_does_not_see_later_tokens():
    torch.manual_seed(0)
    decoder = Decoder(NANO)
    x, memory, visible = torch.randn(1, 6, 32), torch.randn(1, 4, 32), torch.ones(1, 4, dtype=torch.bool)
    changed = x.clone()
    changed[:, 4:] += 1.0
    before, after = decoder(x, memory, visible), decoder(changed, memory, visible)
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_activation_checkpointing_does_not_change_the_gradients(dropout):
    gradients = []
    for recompute in (False, True):
        torch.manual_seed(0)
        encoder = Encoder(replace(NANO, activation_checkpointing=recompute, dropout=dropout))
        x, visible = torch.randn(2, 8, 32), torch.ones(2, 8, dtype=torch.bool)
        encoder(x, visible).square().sum().backward()
        gradients.append([parameter.grad for parameter in encoder.parameters()])
    assert all(torch.equal(stored, recomputed) for stored, recomputed in zip(*gradients, strict=True))


def test_dropout_is_active_only_in_training():
    torch.manual_seed(0)
    encoder = Encoder(replace(NANO, dropout=0.5))
    x, visible = torch.randn(1, 8, 32), torch.ones(1, 8, dtype=torch.bool)
    assert not torch.equal(encoder(x, visible), encoder(x, visible))
    encoder.eval()
    assert torch.equal(encoder(x, visible), encoder(x, visible))


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_compiled_layers_have_the_same_output_as_before(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch.manual_seed(0)
    model = DocFormerV2(replace(NANO, image_height=0)).eval()
    x, visible = torch.randn(2, 48, 32), torch.ones(2, 48, dtype=torch.bool)
    with torch.no_grad():
        expected = model.encoder(x, visible)
        compile_layers(model)
        torch.testing.assert_close(model.encoder(x, visible), expected, atol=1e-5, rtol=1e-5)
    assert (
        torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    )  # the same compiled code for all layers, without a graph break
