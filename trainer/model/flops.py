"""Floating-point operations of training, counted from shapes.

They are the basis of the model FLOPs utilisation (MFU; Chowdhery et al. 2022, appendix B).
"""

from __future__ import annotations

from trainer.model.config import PATCH_CELLS, ModelConfig


def flops_per_sequence(model: ModelConfig, text_tokens: int, target_tokens: int) -> float:
    """Returns the operations of one forward and backward pass over one sequence. A multiply-add counts as two.

    Only matrix products count. Attention counts as full squares, also where it is causal. The second forward pass of
    activation checkpointing does not count: the result is the work that the model needs, not the work that an
    implementation does. The heads do not count either: see `Task.head_flops`.

    Args:
        model: sizes of the network. Its visual tokens are added to the text.
        text_tokens: length of the encoder's text. The caller decides whether this includes padding.
        target_tokens: length of the decoder's sequence, likewise.
    """
    source, target = model.visual_tokens + text_tokens, target_tokens
    inner = model.heads * model.d_kv
    projection = 2 * model.d_model * inner  # per token and per projection: query, key, value or output
    feed_forward = 4 * model.d_model * model.d_ff

    def attention(queries: int, keys: int) -> int:
        return queries * 2 * projection + keys * 2 * projection + 4 * queries * keys * inner

    encoder_layer = attention(source, source) + source * feed_forward
    decoder_layer = attention(target, target) + attention(target, source) + target * feed_forward
    vocabulary = 2 * target * model.d_model * model.vocab_size
    forward = model.encoder_layers * encoder_layer + model.decoder_layers * decoder_layer + vocabulary
    visual = 2 * model.visual_tokens * model.d_model**2
    return 3.0 * (forward + visual) + 2.0 * _convolution_flops(model)  # pixels get no gradient: factor 2, not 3


def _convolution_flops(model: ModelConfig) -> int:
    """Returns the operations of one forward pass: each pixel is read once for each of the d / 16 channels."""
    return 2 * 3 * model.image_height * model.image_width * (model.d_model // PATCH_CELLS)
