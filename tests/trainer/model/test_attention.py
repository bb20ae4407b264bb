"""On every device, attention agrees with the formula in float64: the output and all gradients."""

from __future__ import annotations

import pytest
import torch

from trainer.model.layers import attend, mask_out

HEADS, WIDTH = 2, 64
needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA GPU, where attention uses a different kernel"
)
DEVICES = ["cpu", pytest.param("cuda", marks=needs_gpu)]
TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 3e-2}  # relative to the largest value

# Numbers of queries and keys. Fused kernels of torch returned NaN for lengths of 64 modulo 128 (pytorch issue 196678),
# and for different numbers of queries and keys, as in cross-attention (issue 124877).
LENGTHS = [(64, 64), (192, 192), (330, 330), (8, 16), (96, 320)]


def inputs(queries: int, keys: int, *, masked: bool, shift: float) -> list[torch.Tensor]:
    """Returns query, key, value and bias in float64.

    Args:
        masked: the bias hides the end of the second sequence.
        shift: added to every value of the bias.
    """
    torch.manual_seed(queries + keys)
    query, key, value = (torch.randn(2, HEADS, n, WIDTH).double() for n in (queries, keys, keys))  # (b, heads, n, d)
    bias = torch.randn(2, HEADS, queries, keys).double() + shift  # (b, heads, q, k)
    if masked:
        visible = torch.arange(keys) < torch.tensor([[keys], [keys * 2 // 3]])  # (b, k)
        bias = mask_out(bias.float(), visible[:, None, None]).double()
    return [query * 0.3, key * 0.3, value, bias]


def reference(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return torch.softmax(query @ key.transpose(-1, -2) + bias, dim=-1) @ value


def outcome(attention, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """Returns the output and the gradients of all inputs, in float64 on the CPU."""
    leaves = [tensor.detach().requires_grad_() for tensor in tensors]
    out = attention(*leaves)
    out.backward(torch.ones_like(out) * torch.arange(WIDTH, device=out.device).to(out.dtype) / WIDTH)
    return [tensor.detach().double().cpu() for tensor in (out, *(leaf.grad for leaf in leaves))]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=["fp32", "bf16"])
@pytest.mark.parametrize(("queries", "keys"), LENGTHS)
@pytest.mark.parametrize(("masked", "shift"), [(False, 0.0), (True, 0.0), (True, -100.0)])
def test_attention_and_its_gradients_agree_with_the_formula(device, dtype, queries, keys, masked, shift):
    exact = inputs(queries, keys, masked=masked, shift=shift)
    rounded = [tensor.to(dtype) for tensor in exact]
    expected = outcome(reference, [tensor.double() for tensor in rounded])
    got = outcome(attend, [tensor.to(device) for tensor in rounded])
    for name, value, wanted in zip(("output", "query", "key", "value", "bias"), got, expected, strict=True):
        assert value.isfinite().all(), name
        # In bfloat16, numbers near -100 are 0.5 apart, so shifted logits on a CPU are too coarse to compare.
        if device == "cuda" or dtype == torch.float32 or shift == 0.0:
            assert (value - wanted).abs().max() <= TOLERANCE[dtype] * wanted.abs().max(), name


@pytest.mark.parametrize("device", DEVICES)
def test_a_bias_shared_by_all_sequences_gets_the_sum_of_their_gradients(device):
    query, key, value, bias = (tensor.float() for tensor in inputs(64, 64, masked=False, shift=0.0))
    shared = bias[:1]
    expected = outcome(reference, [query.double(), key.double(), value.double(), shared.double()])
    got = outcome(attend, [tensor.to(device) for tensor in (query, key, value, shared)])
    assert got[-1].shape == shared.shape
    assert (got[-1] - expected[-1]).abs().max() <= 1e-4 * expected[-1].abs().max()
