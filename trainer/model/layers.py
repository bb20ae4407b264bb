"""The Transformer of T5 1.0 (Raffel et al. 2020, section 2.1).

Pre-normalised residual blocks, RMS norm without bias, ReLU feed-forward, projections without bias, attention without
scaling (the initialisation of the query includes the factor), one relative position bias per stack. Initial weights
follow the Mesh TensorFlow code of that paper, except for the position bias: see `local_bias`.

Letters in shapes: b pages, n encoder tokens, t decoder tokens, q queries, k keys, d = d_model; in `attend` and
`plain_attention` d is the width of one head, d_kv.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.checkpoint import checkpoint

from trainer.model.config import ModelConfig

NORM_EPS = 1e-6
LOWEST_LOCAL_BIAS = -8.0  # far keys keep a small weight, and so a gradient, even in the most local head


def linear(inputs: int, outputs: int, std: float) -> nn.Linear:
    """Returns a projection without bias. Its weights are drawn from a normal distribution with mean 0."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=std)
    return layer


def relative_buckets(offsets: Tensor, buckets: int, max_distance: int, *, causal: bool) -> Tensor:
    """Returns the bucket of each offset.

    Each small distance has its own bucket. Larger distances share buckets of logarithmic size up to `max_distance`.

    Args:
        offsets: key position - query position, any shape, int64.
        buckets: total number of buckets.
        max_distance: this distance and all larger ones share the last bucket.
        causal: True: keys after the query share the bucket of distance 0. False: half of the buckets are for them.

    Returns:
        Bucket numbers, in the shape of `offsets`.
    """
    ahead = torch.zeros_like(offsets)  # first bucket number of the offset's direction
    if causal:
        distance = (-offsets).clamp(min=0)
    else:
        buckets //= 2
        ahead = (offsets > 0) * buckets
        distance = offsets.abs()
    exact = buckets // 2
    scale = (buckets - exact) / math.log(max_distance / exact)
    logarithmic = exact + (torch.log(distance.clamp(min=1).float() / exact) * scale).long()
    return ahead + torch.where(distance < exact, distance, logarithmic.clamp(max=buckets - 1))


def local_bias(config: ModelConfig, *, causal: bool) -> Tensor:
    """Returns initial weights of a position bias, (buckets, heads): minus the distance times the slope of the head.

    T5 starts without a preference for near tokens. A token whose box is hidden then needs a thousand steps or more to
    find its neighbours. For all that time the line and grid objectives stay near chance. The slopes are as in ALiBi
    (Press et al. 2022): a geometric sequence over the heads, from 1 towards 1/256.
    """
    reach = config.relative_max_distance
    offsets = torch.arange(-reach, reach + 1)  # (2 * reach + 1,)
    buckets = relative_buckets(offsets, config.relative_buckets, reach, causal=causal)  # (2 * reach + 1,)
    # The smallest distance in each bucket, (buckets,).
    nearest = torch.full((config.relative_buckets,), reach).scatter_reduce(0, buckets, offsets.abs(), "amin")
    slopes = 2.0 ** (-8.0 * torch.arange(config.heads) / config.heads)  # (heads,)
    return (-nearest[:, None] * slopes).clamp(min=LOWEST_LOCAL_BIAS)  # (buckets, heads)


class RelativePositionBias(nn.Module):
    """A learned bias on attention logits: one value per distance bucket and head."""

    def __init__(self, config: ModelConfig, *, causal: bool) -> None:
        super().__init__()
        self.config = config
        self.causal = causal
        self.values = nn.Embedding(config.relative_buckets, config.heads)
        with torch.no_grad():
            self.values.weight.normal_(std=config.d_model**-0.5).add_(local_bias(config, causal=causal))

    def forward(self, length: int) -> Tensor:
        """Returns the bias (1, heads, q, k) of a sequence with q = k = `length`."""
        places = torch.arange(length, device=self.values.weight.device)  # (length,)
        offsets = places[None, :] - places[:, None]  # (q, k)
        config = self.config
        buckets = relative_buckets(offsets, config.relative_buckets, config.relative_max_distance, causal=self.causal)
        return self.values(buckets).permute(2, 0, 1)[None]  # (q, k, heads) -> (1, heads, q, k)


def mask_out(bias: Tensor, visible: Tensor) -> Tensor:
    """Returns the bias with the lowest finite value where a query must not see a key.

    The value is finite because a row of minus infinity would make the softmax NaN.

    Args:
        bias: (b or 1, heads or 1, q or 1, k).
        visible: bool; True where the query may see the key; broadcasts with `bias`.
    """
    return bias.masked_fill(~visible, torch.finfo(bias.dtype).min)  # the broadcast shape of both


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, dropout: float = 0.0) -> Tensor:
    """Returns softmax(query key^T + bias) value, with the fastest implementation that has a gradient for the bias.

    Where no gradient is needed, the fused kernel for CPUs is faster in float32, but not in bfloat16.

    Args:
        query: (b, heads, q, d), as the result.
        key, value: (b, heads, k, d).
        bias: (b or 1, heads or 1, q or 1, k), of the same dtype.
        dropout: probability that an attention weight is set to 0.
    """
    bias = bias.expand(*query.shape[:3], key.shape[2])  # (b, heads, q, k)
    if not query.is_cuda and not torch.is_grad_enabled() and query.dtype == torch.float32:
        return F.scaled_dot_product_attention(query, key, value, bias, scale=1.0)  # (b, heads, q, d)
    if not query.is_cuda:
        return plain_attention(query, key, value, bias, dropout)
    # This is the only fused kernel that has this gradient and is correct with a mask.
    with sdpa_kernel(SDPBackend.EFFICIENT_ATTENTION):
        return F.scaled_dot_product_attention(query, key, value, bias, dropout_p=dropout, scale=1.0)  # (b, heads, q, d)


def plain_attention(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, dropout: float = 0.0) -> Tensor:
    """Returns what `attend` returns, computed with separate matrix products.

    In bfloat16 on CPUs this takes a third of the time of scaled_dot_product_attention. Logits have the precision of the
    inputs. The softmax sums in float32. Shapes are as in `attend`, but `bias` must be (b, heads, q, k).
    """
    query, key, value = (x.flatten(0, 1) for x in (query, key, value))  # (b * heads, q, d), (b * heads, k, d) twice
    weights = torch.baddbmm(bias.flatten(0, 1), query, key.transpose(1, 2)).softmax(dim=-1)  # (b * heads, q, k)
    return torch.bmm(F.dropout(weights, dropout), value).unflatten(0, bias.shape[:2])  # (b, heads, q, d)


class Attention(nn.Module):
    """Multi-head attention without scaling. The bias contains the relative positions and the mask."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        inner = config.heads * config.d_kv
        self.heads = config.heads
        self.dropout = config.dropout
        self.query = linear(config.d_model, inner, (config.d_model * config.d_kv) ** -0.5)
        self.key = linear(config.d_model, inner, config.d_model**-0.5)
        self.value = linear(config.d_model, inner, config.d_model**-0.5)
        self.output = linear(inner, config.d_model, inner**-0.5)

    def forward(self, x: Tensor, bias: Tensor, memory: Tensor | None = None) -> Tensor:
        """Attends from `x` to `memory`.

        Args:
            x: (b, q, d).
            bias: (b or 1, heads or 1, q or 1, k), added to the logits.
            memory: (b, k, d); None: `x` attends to itself.

        Returns:
            (b, q, d).
        """
        memory = x if memory is None else memory
        # (b, heads, q, d_kv), then (b, heads, k, d_kv) twice
        query, key, value = map(self.split_heads, (self.query(x), self.key(memory), self.value(memory)))
        mixed = attend(query, key, value, bias, self.dropout if self.training else 0.0)  # (b, heads, q, d_kv)
        return self.merge_heads(mixed)

    def split_heads(self, x: Tensor) -> Tensor:
        """Returns (b, heads, n, d_kv) for a projection (b, n, heads * d_kv)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def merge_heads(self, mixed: Tensor) -> Tensor:
        """Returns the output (b, q, d) for the mixed values (b, heads, q, d_kv)."""
        return self.output(mixed.transpose(1, 2).flatten(2))  # (b, q, heads * d_kv) -> (b, q, d)


class FeedForward(nn.Module):
    """Two linear layers with ReLU between them: d to d_ff to d."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.expand = linear(config.d_model, config.d_ff, config.d_model**-0.5)
        self.contract = linear(config.d_ff, config.d_model, config.d_ff**-0.5)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Returns (b, n, d) for x (b, n, d)."""
        return self.contract(self.dropout(F.relu(self.expand(x))))  # (b, n, d_ff) -> (b, n, d)


class Residual(nn.Module):
    """The residual connection around each T5 sublayer: x + dropout(sublayer(norm(x), ...))."""

    def __init__(self, config: ModelConfig, sublayer: nn.Module) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(config.d_model, eps=NORM_EPS)
        self.sublayer = sublayer
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, *context: Tensor) -> Tensor:
        """Returns (b, n, d) for x (b, n, d); `context` are the further arguments of the sublayer."""
        return x + self.dropout(self.sublayer(self.norm(x), *context))  # (b, n, d)


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention = Residual(config, Attention(config))
        self.feed_forward = Residual(config, FeedForward(config))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Returns (b, n, d) for x (b, n, d) and bias (b, heads, n, n)."""
        return self.feed_forward(self.attention(x, bias))  # (b, n, d)


class DecoderLayer(nn.Module):
    """Self-attention, attention to the encoder's output (`memory`), and feed-forward."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention = Residual(config, Attention(config))
        self.cross_attention = Residual(config, Attention(config))
        self.feed_forward = Residual(config, FeedForward(config))

    def forward(self, x: Tensor, bias: Tensor, memory: Tensor, memory_bias: Tensor) -> Tensor:
        """Returns (b, t, d).

        Args:
            x: (b, t, d).
            bias: (1, heads, t, t).
            memory: (b, n, d).
            memory_bias: (b, 1, 1, n).
        """
        return self.feed_forward(self.cross_attention(self.attention(x, bias), memory_bias, memory))  # (b, t, d)


class Stack(nn.Module):
    """The common part of encoder and decoder: the position bias, the layers and the final norm."""

    def __init__(self, config: ModelConfig, layers: list[nn.Module], *, causal: bool) -> None:
        super().__init__()
        self.recompute = config.activation_checkpointing
        self.position_bias = RelativePositionBias(config, causal=causal)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.RMSNorm(config.d_model, eps=NORM_EPS)
        self.dropout = nn.Dropout(config.dropout)

    def run(self, x: Tensor, *context: Tensor) -> Tensor:
        """Applies all layers and the final norm: (b, n, d) to (b, n, d). `context` are further arguments of each layer.

        With activation checkpointing, activations are computed again in the backward pass instead of stored.
        """
        x = self.dropout(x)
        for layer in self.layers:
            if self.recompute and self.training:
                x = checkpoint(layer, x, *context, use_reentrant=False)
            else:
                x = layer(x, *context)  # (b, n, d)
        return self.dropout(self.norm(x))  # (b, n, d)


class Encoder(Stack):
    """The T5 encoder over visual tokens and text."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, [EncoderLayer(config) for _ in range(config.encoder_layers)], causal=False)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """Returns (b, n, d) for x (b, n, d) and visible (b, n) bool, which is False for padding."""
        bias = mask_out(self.position_bias(x.shape[1]), visible[:, None, None])  # (b, heads, n, n)
        return self.run(x, bias)


class Decoder(Stack):
    """The T5 decoder: causal self-attention, and attention to the encoder's output."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, [DecoderLayer(config) for _ in range(config.decoder_layers)], causal=True)

    def forward(self, x: Tensor, memory: Tensor, memory_visible: Tensor) -> Tensor:
        """Returns (b, t, d).

        Args:
            x: embedded decoder ids, (b, t, d).
            memory: the encoder's output, (b, n, d).
            memory_visible: (b, n) bool; False for padding.
        """
        length = x.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()  # (t, t)
        bias = mask_out(self.position_bias(length), causal)  # (1, heads, t, t)
        memory_bias = mask_out(x.new_zeros(1, 1, 1, memory.shape[1]), memory_visible[:, None, None])  # (b, 1, 1, n)
        return self.run(x, bias, memory, memory_bias)
