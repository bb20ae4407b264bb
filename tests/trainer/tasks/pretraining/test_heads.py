"""The two encoder heads of pretraining."""

from __future__ import annotations

import torch

from tests.trainer.pages import TINY
from trainer.tasks.pretraining.heads import PretrainingHeads


def test_the_order_of_a_pair_does_not_change_its_logits():
    torch.manual_seed(0)
    heads = PretrainingHeads(TINY)
    encoded, pairs = torch.randn(2, 9, TINY.d_model), torch.randint(0, 9, (2, 5, 2))
    torch.testing.assert_close(heads.line_logits(encoded, pairs), heads.line_logits(encoded, pairs.flip(-1)))


def test_the_line_head_learns_whether_two_outputs_are_equal():
    """Two tokens are on one line if their outputs are equal. Scores of the single outputs cannot express that."""
    torch.manual_seed(0)
    heads = PretrainingHeads(TINY)
    encoded = torch.nn.functional.one_hot(torch.arange(8), TINY.d_model).float()[None].repeat(1, 2, 1)
    first, second = torch.cartesian_prod(torch.arange(16), torch.arange(16)).T
    pairs, agree = torch.stack([first, second], dim=-1)[None], (first % 8 == second % 8).long()
    optimizer = torch.optim.Adam(heads.line.parameters(), lr=0.1)
    for _ in range(100):
        loss = torch.nn.functional.cross_entropy(heads.line_logits(encoded, pairs)[0], agree)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (heads.line_logits(encoded, pairs)[0].argmax(-1) == agree).all()
