"""Box embeddings and patch embeddings."""

from __future__ import annotations

import pytest
import torch

from tests.trainer.pages import TINY
from trainer.model.embeddings import BoxEmbedding, VisualEmbedding, smooth_tables


def boxes(*rows: tuple[int, int, int, int]) -> torch.Tensor:
    return torch.tensor([rows])


def test_a_box_embedding_is_the_sum_of_six_table_rows():
    embedding = BoxEmbedding(TINY)
    tables = embedding.tables.weight.view(6, 1000, TINY.d_model)
    rows = (10, 20, 110, 50, 100, 30)
    expected = sum(tables[table, row] for table, row in enumerate(rows))
    torch.testing.assert_close(embedding(boxes((10, 20, 110, 50)), torch.ones(1, 1, dtype=torch.bool))[0, 0], expected)


def test_near_coordinates_begin_similar_and_a_box_begins_as_large_as_a_token():
    torch.manual_seed(0)
    tables = smooth_tables(1000, 512)
    near, far = (torch.cosine_similarity(tables[:, :500], tables[:, gap : gap + 500], dim=-1) for gap in (2, 300))
    assert near.min() > 0.7
    assert far.abs().mean() < 0.3
    assert tables.sum(dim=0).std().item() == pytest.approx(1.0, abs=0.1)


def test_the_six_tables_begin_different():
    tables = smooth_tables(1000, 512)
    assert torch.cosine_similarity(tables[0], tables[1], dim=-1).abs().mean() < 0.3


def test_coordinate_1000_shares_the_last_table_row():
    embedding = BoxEmbedding(TINY)
    seen = torch.ones(1, 1, dtype=torch.bool)
    assert torch.equal(embedding(boxes((0, 0, 1000, 1000)), seen), embedding(boxes((0, 0, 999, 999)), seen))


def test_a_hidden_box_has_a_zero_embedding():
    embedding = BoxEmbedding(TINY)
    places = embedding(boxes((1, 2, 3, 4), (1, 2, 3, 4)), torch.tensor([[True, False]]))
    assert places[0, 0].abs().sum() > 0
    assert torch.equal(places[0, 1], torch.zeros(TINY.d_model))


def test_a_pixel_changes_only_its_own_patch():
    torch.manual_seed(0)
    visual = VisualEmbedding(TINY)
    places, seen = torch.zeros(1, 128, 4, dtype=torch.long), torch.ones(1, 128, dtype=torch.bool)
    blank = torch.full((1, 512, 384, 3), 255, dtype=torch.uint8)
    with torch.no_grad():
        for y, x, patch in [(0, 0, 0), (31, 47, 0), (32, 47, 8), (0, 48, 1), (511, 383, 127), (100, 200, 28)]:
            inked = blank.clone()
            inked[0, y - y % 8 : y - y % 8 + 8, x - x % 12 : x - x % 12 + 12] = 0
            changed = (visual(inked, places, seen) != visual(blank, places, seen)).any(dim=-1)
            assert changed[0].nonzero().flatten().tolist() == [patch]
