"""The Transformer of T5 1.0 (Raffel et al. 2020, section 2.1).

Pre-normalised residual blocks, RMS norm without bias, ReLU feed-forward, projections without bias, attention without
scaling (the initialisation absorbs it), one relative position bias a stack. Initial weights follow the Mesh TensorFlow
code of that paper, but for that bias: see `local_bias`.
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
LOWEST_LOCAL_BIAS = -8.0  # far keys keep a little weight, hence a gradient, in the most local head


def linear(inputs: int, outputs: int, std: float) -> nn.Linear:
    """A projection without bias, drawn from N(0, std)."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=std)
    return layer


def relative_buckets(offsets: Tensor, buckets: int, max_distance: int, *, causal: bool) -> Tensor:
    """Bucket of each offset key - query: one each for near positions, then logarithmic up to `max_distance`.

    Without `causal` half the buckets serve keys ahead of the query; with it those share the bucket of distance 0.
    """
    ahead = torch.zeros_like(offsets)
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
    """First weights of a position bias, (buckets, heads): minus the distance, times a slope that halves over the heads.

    From T5's flat start, a token whose box is hidden takes a thousand steps and more to find its neighbours, and the
    line and grid objectives sit near chance for as long. Slopes as in ALiBi (Press et al. 2022), from 1 to 1/256.
    """
    reach = config.relative_max_distance
    offsets = torch.arange(-reach, reach + 1)
    buckets = relative_buckets(offsets, config.relative_buckets, reach, causal=causal)
    nearest = torch.full((config.relative_buckets,), reach).scatter_reduce(0, buckets, offsets.abs(), "amin")
    slopes = 2.0 ** (-8.0 * torch.arange(config.heads) / config.heads)
    return (-nearest[:, None] * slopes).clamp(min=LOWEST_LOCAL_BIAS)


class RelativePositionBias(nn.Module):
    """A learned bias on attention logits by bucketed distance, one value a bucket and head."""

    def __init__(self, config: ModelConfig, *, causal: bool) -> None:
        super().__init__()
        self.config = config
        self.causal = causal
        self.values = nn.Embedding(config.relative_buckets, config.heads)
        with torch.no_grad():
            self.values.weight.normal_(std=config.d_model**-0.5).add_(local_bias(config, causal=causal))

    def forward(self, length: int) -> Tensor:
        """Returns (1, heads, length, length): row a query, column a key."""
        places = torch.arange(length, device=self.values.weight.device)
        offsets = places[None, :] - places[:, None]
        config = self.config
        buckets = relative_buckets(offsets, config.relative_buckets, config.relative_max_distance, causal=self.causal)
        return self.values(buckets).permute(2, 0, 1)[None]


def mask_out(bias: Tensor, visible: Tensor) -> Tensor:
    """The bias with the lowest finite value where a query must not see a key; finite, so that no softmax is NaN.

    bias (b or 1, heads, q, k), visible bool, broadcastable to it.
    """
    return bias.masked_fill(~visible, torch.finfo(bias.dtype).min)


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, dropout: float = 0.0) -> Tensor:
    """softmax(query key^T + bias) value by the fastest way that has a gradient for the bias.

    query (b, heads, q, d), key and value (b, heads, k, d), bias (b or 1, heads or 1, q or 1, k) of the same dtype.
    """
    bias = bias.expand(*query.shape[:3], key.shape[2])
    if not query.is_cuda:
        return plain_attention(query, key, value, bias, dropout)
    # Of the fused kernels only this one has that gradient, and is sound with a mask.
    with sdpa_kernel(SDPBackend.EFFICIENT_ATTENTION):
        return F.scaled_dot_product_attention(query, key, value, bias, dropout_p=dropout, scale=1.0)


def plain_attention(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, dropout: float = 0.0) -> Tensor:
    """The formula, written out. On CPUs it takes a third of scaled_dot_product_attention's time in bfloat16.

    Logits are of the inputs' precision, the sums of the softmax float32. Shapes as in `attend`, but bias (b, heads, q,
    k).
    """
    query, key, value = (x.flatten(0, 1) for x in (query, key, value))
    weights = torch.baddbmm(bias.flatten(0, 1), query, key.transpose(1, 2)).softmax(dim=-1)
    return torch.bmm(F.dropout(weights, dropout), value).unflatten(0, bias.shape[:2])


class Attention(nn.Module):
    """Multi-head attention without scaling; the bias carries positions and mask."""

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
        """x (b, q, d) attends to memory (b, k, d), or to itself, under bias (b or 1, heads or 1, q or 1, k)."""
        memory = x if memory is None else memory
        query, key, value = self._split(self.query(x)), self._split(self.key(memory)), self._split(self.value(memory))
        mixed = attend(query, key, value, bias, self.dropout if self.training else 0.0)
        return self.output(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FeedForward(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.expand = linear(config.d_model, config.d_ff, config.d_model**-0.5)
        self.contract = linear(config.d_ff, config.d_model, config.d_ff**-0.5)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(b, n, d) to (b, n, d)."""
        return self.contract(self.dropout(F.relu(self.expand(x))))


class Residual(nn.Module):
    """How every T5 sublayer is wired: x + dropout(sublayer(norm(x), ...))."""

    def __init__(self, config: ModelConfig, sublayer: nn.Module) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(config.d_model, eps=NORM_EPS)
        self.sublayer = sublayer
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, *context: Tensor) -> Tensor:
        """x (b, n, d) and whatever else the sublayer takes."""
        return x + self.dropout(self.sublayer(self.norm(x), *context))


class EncoderLayer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention = Residual(config, Attention(config))
        self.feed_forward = Residual(config, FeedForward(config))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x (b, n, d), bias (b, heads, n, n)."""
        return self.feed_forward(self.attention(x, bias))


class DecoderLayer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention = Residual(config, Attention(config))
        self.cross_attention = Residual(config, Attention(config))
        self.feed_forward = Residual(config, FeedForward(config))

    def forward(self, x: Tensor, bias: Tensor, memory: Tensor, memory_bias: Tensor) -> Tensor:
        """x (b, t, d), bias (1, heads, t, t), memory (b, n, d), memory_bias (b, 1, 1, n)."""
        return self.feed_forward(self.cross_attention(self.attention(x, bias), memory_bias, memory))


class Stack(nn.Module):
    """What encoder and decoder share: the position bias, the layers, the closing norm."""

    def __init__(self, config: ModelConfig, layers: list[nn.Module], *, causal: bool) -> None:
        super().__init__()
        self.recompute = config.activation_checkpointing
        self.position_bias = RelativePositionBias(config, causal=causal)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.RMSNorm(config.d_model, eps=NORM_EPS)
        self.dropout = nn.Dropout(config.dropout)

    def run(self, x: Tensor, *context: Tensor) -> Tensor:
        """x through every layer, each given `context`; activations are kept or computed again in the backward pass."""
        x = self.dropout(x)
        for layer in self.layers:
            if self.recompute and self.training:
                x = checkpoint(layer, x, *context, use_reentrant=False)
            else:
                x = layer(x, *context)
        return self.dropout(self.norm(x))


class Encoder(Stack):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, [EncoderLayer(config) for _ in range(config.encoder_layers)], causal=False)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """x (b, n, d), visible (b, n) bool, False for padding. Returns (b, n, d)."""
        bias = mask_out(self.position_bias(x.shape[1]), visible[:, None, None])
        return self.run(x, bias)


class Decoder(Stack):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, [DecoderLayer(config) for _ in range(config.decoder_layers)], causal=True)

    def forward(self, x: Tensor, memory: Tensor, memory_visible: Tensor) -> Tensor:
        """x (b, t, d), memory (b, n, d), memory_visible (b, n) bool. Returns (b, t, d)."""
        length = x.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()
        bias = mask_out(self.position_bias(length), causal)
        memory_bias = mask_out(x.new_zeros(1, 1, 1, memory.shape[1]), memory_visible[:, None, None])
        return self.run(x, bias, memory, memory_bias)
