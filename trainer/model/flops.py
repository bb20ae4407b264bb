"""Floating-point operations of training, counted from shapes: the base of MFU (Chowdhery et al. 2022, appendix B)."""

from __future__ import annotations

from trainer.model.config import PATCH_CELLS, ModelConfig


def flops_per_sequence(model: ModelConfig, text_tokens: int, target_tokens: int) -> float:
    """Operations of one forward and backward pass over one sequence; a multiply-add counts as two.

    text_tokens, target_tokens: lengths, of which the caller decides whether padding counts. Visual tokens are added.
    Only matrix products count, attention in full squares, and a second forward pass of activation checkpointing does
    not: the figure is the work that the model needs, not what an implementation spends. The heads are not counted:
    see `Task.head_flops`.
    """
    source, target = model.visual_tokens + text_tokens, target_tokens
    inner = model.heads * model.d_kv
    projection = 2 * model.d_model * inner  # of one token by one of query, key, value, output
    feed_forward = 4 * model.d_model * model.d_ff

    def attention(queries: int, keys: int) -> int:
        return queries * 2 * projection + keys * 2 * projection + 4 * queries * keys * inner

    encoder_layer = attention(source, source) + source * feed_forward
    decoder_layer = attention(target, target) + attention(target, source) + target * feed_forward
    vocabulary = 2 * target * model.d_model * model.vocab_size
    forward = model.encoder_layers * encoder_layer + model.decoder_layers * decoder_layer + vocabulary
    visual = 2 * model.visual_tokens * model.d_model**2
    return 3.0 * (forward + visual) + 2.0 * _convolution_flops(model)  # pixels get no gradient


def _convolution_flops(model: ModelConfig) -> int:
    """Each pixel is read once for d / 16 channels."""
    return 2 * 3 * model.image_height * model.image_width * (model.d_model // PATCH_CELLS)
