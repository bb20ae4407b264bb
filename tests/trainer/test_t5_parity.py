"""Without places and patches the network is T5: the same weights give the logits of the transformers library."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.trainer.pages import example_of, page_tokens
from trainer.example import collate
from trainer.model import DocFormerV2
from trainer.model_config import ModelConfig

transformers = pytest.importorskip("transformers")

CONFIG = ModelConfig(d_model=64, d_ff=128, d_kv=24, heads=4, encoder_layers=3, decoder_layers=2, image_height=0)
SUBLAYERS = {
    "SelfAttention": "attention.sublayer",
    "EncDecAttention": "cross_attention.sublayer",
    "DenseReluDense": "feed_forward.sublayer",
}
PROJECTIONS = {"q": "query", "k": "key", "v": "value", "o": "output", "wi": "expand", "wo": "contract"}
NORMS = {"encoder": ["attention", "feed_forward"], "decoder": ["attention", "cross_attention", "feed_forward"]}


def our_name(name: str) -> str:
    """Where a weight of transformers' T5 lives in DocFormerV2."""
    if name in ("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"):
        return "vocabulary.weight" if name.startswith("lm_head") else "tokens.weight"
    if "final_layer_norm" in name:
        return name.replace("final_layer_norm", "norm")
    stack, _, layer, _, sublayer, *rest = name.split(".")
    if "relative_attention_bias" in rest:
        return f"{stack}.position_bias.values.weight"
    if rest[0] == "layer_norm":
        return f"{stack}.layers.{layer}.{NORMS[stack][int(sublayer)]}.norm.weight"
    return f"{stack}.layers.{layer}.{SUBLAYERS[rest[0]]}.{PROJECTIONS[rest[1]]}.weight"


@pytest.fixture(scope="module")
def peers() -> tuple[DocFormerV2, torch.nn.Module]:
    torch.manual_seed(0)
    theirs = transformers.T5ForConditionalGeneration(
        transformers.T5Config(
            vocab_size=CONFIG.vocab_size,
            d_model=CONFIG.d_model,
            d_kv=CONFIG.d_kv,
            d_ff=CONFIG.d_ff,
            num_heads=CONFIG.heads,
            num_layers=CONFIG.encoder_layers,
            num_decoder_layers=CONFIG.decoder_layers,
            dropout_rate=0.0,
            feed_forward_proj="relu",
            decoder_start_token_id=0,
        )
    )
    with torch.no_grad():
        for parameter in theirs.parameters():  # norms too, which begin at one
            parameter.add_(torch.randn_like(parameter) * 0.05)
    ours = DocFormerV2(CONFIG)
    weights = {our_name(name): value for name, value in theirs.state_dict().items()}
    missing, unexpected = ours.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(name.startswith(("boxes.", "heads.")) for name in missing)
    return ours.eval(), theirs.eval()


def placeless_batch() -> dict:
    pages = [page_tokens([9] * 20), page_tokens([5] * 3)]
    batch = collate([example_of(page, model=CONFIG, key=str(i)) for i, page in enumerate(pages)])
    return batch | {"box_visible": torch.zeros_like(batch["box_visible"])}


def test_the_logits_and_the_loss_are_those_of_transformers(peers):
    ours, theirs = peers
    batch = placeless_batch()
    with torch.no_grad():
        expected = theirs(
            input_ids=batch["input_ids"], attention_mask=batch["text_mask"].long(), labels=batch["labels"]
        )
        encoded, visible = ours.encode(batch)
        start = torch.zeros(2, 1, dtype=torch.long)
        decoder_ids = torch.cat([start, batch["labels"][:, :-1].clamp(min=0)], dim=1)
        torch.testing.assert_close(ours.decode(encoded, visible, decoder_ids), expected.logits, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(ours(batch)["loss_denoise"], expected.loss, atol=1e-5, rtol=0)


def test_greedy_decoding_writes_what_transformers_writes(peers):
    ours, theirs = peers
    batch = placeless_batch()
    expected = theirs.generate(
        input_ids=batch["input_ids"], attention_mask=batch["text_mask"].long(), max_new_tokens=12, do_sample=False
    )
    assert torch.equal(ours.generate(batch, 12), expected[:, 1:])


def test_initial_weights_are_as_large_as_those_of_transformers():
    torch.manual_seed(1)
    config = replace(CONFIG, d_model=256, d_ff=512, d_kv=32)
    theirs = transformers.T5ForConditionalGeneration(
        transformers.T5Config(d_model=256, d_kv=32, d_ff=512, num_heads=4, num_layers=3, num_decoder_layers=2)
    )
    ours = dict(DocFormerV2(config).named_parameters())
    for name, value in theirs.named_parameters():
        if value.dim() > 1 and value.numel() > 1000:
            assert ours[our_name(name)].std().item() == pytest.approx(value.std().item(), rel=0.05), name
