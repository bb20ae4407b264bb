"""Training examples of pretraining, and batches of them."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from pipelines.lines.order import order_words
from schemas.geometry import cell_of
from tests.trainer.pages import TINY, TOKENIZER, collated, example_of, page_image, page_tokens
from trainer.model.batch import IGNORE
from trainer.tasks.pretraining.example import PretrainingExample

PAGE = page_tokens([8] * 20, pieces=2)
SENTINELS = np.asarray(TOKENIZER.sentinel_ids)


def arrays(example: PretrainingExample) -> list[bytes]:
    """Returns the bytes of all arrays of the example's text."""
    named = [getattr(example, field.name) for field in fields(example) if field.name not in ("key", "page", "bad")]
    return [array.tobytes() for array in named]


def kept_rows(example: PretrainingExample) -> tuple[np.ndarray, np.ndarray]:
    """Returns the positions of page tokens in the input, and their rows of PAGE."""
    positions = np.flatnonzero(~np.isin(example.input_ids, [*SENTINELS, TOKENIZER.eos_id]))
    return positions, PAGE[example.input_ids[positions] - 100]


def test_an_example_depends_on_seed_epoch_and_key():
    first = arrays(example_of(PAGE, key="a", seed=1, epoch=2))
    assert first == arrays(example_of(PAGE, key="a", seed=1, epoch=2))
    for change in ({"key": "b"}, {"seed": 2}, {"epoch": 3}):
        assert first != arrays(example_of(PAGE, **{"key": "a", "seed": 1, "epoch": 2} | change))


def test_an_example_depends_on_no_other_random_generator():
    first = arrays(example_of(PAGE))
    np.random.seed(5)
    torch.manual_seed(5)
    example_of(PAGE, key="another")
    assert first == arrays(example_of(PAGE))


def test_only_tokens_that_are_not_masked_are_supervised():
    example = example_of(PAGE)
    positions, rows = kept_rows(example)
    supervised = example.cells[positions] != IGNORE
    assert np.all(np.delete(example.cells, positions) == IGNORE)
    assert np.array_equal(example.cells[positions][supervised], rows[supervised, 3])
    assert np.isin(example.line_pairs, positions).all()


def test_line_classes_are_the_line_distances_of_the_token_pairs():
    example = example_of(PAGE)
    line = np.full(len(example.input_ids), -1)
    positions, rows = kept_rows(example)
    line[positions] = rows[:, 2]
    distance = np.abs(line[example.line_pairs[:, 0]] - line[example.line_pairs[:, 1]])
    assert np.array_equal(example.line_classes, np.minimum(distance, 2))
    assert sorted(np.bincount(example.line_classes)) == [21, 21, 22]


def two_columns(rows: int = 12, words: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Returns the tokens of an article with the line numbers of the pipeline, and (tokens, 2): column and row."""
    places = np.asarray([(c, r, w) for c in range(2) for r in range(rows) for w in range(words)])
    corner = np.stack([60 + 480 * places[:, 0] + 70 * places[:, 2], 100 + 22 * places[:, 1]], axis=1)
    boxes = np.concatenate([corner, corner + np.asarray([62, 14])], axis=1)
    order, line = order_words(boxes.astype(float), 1000, 1000)
    assert np.array_equal(order, np.arange(len(boxes))), "the left column is read first"
    number = np.arange(len(boxes))
    tokens = np.column_stack([100 + number, number, line, cell_of(boxes, 4, 4), boxes]).astype(np.int32)
    return tokens, places[:, :2]


def test_the_distance_of_lines_in_two_columns_follows_the_reading_order():
    tokens, places = two_columns()
    example = example_of(tokens, hidden_box_share=0.0, noise_density=0.0, line_pairs=3000)
    # The expected line numbers: twelve lines on the left, then twelve on the right.
    line = 12 * places[:, 0] + places[:, 1]
    first, second = example.line_pairs.T
    expected = np.minimum(np.abs(line[first] - line[second]), 2)
    assert np.array_equal(example.line_classes, expected)
    facing = (places[first, 1] == places[second, 1]) & (places[first, 0] != places[second, 0])
    assert set(example.line_classes[facing]) == {2}, "at the same height, but twelve lines apart"
    across = (line[first] == 11) & (line[second] == 12)
    assert set(example.line_classes[across]) == {1}, "the last line of one column and the first line of the next"


def test_cell_labels_are_the_grid_cells_of_the_boxes():
    tokens, places = two_columns()
    example = example_of(tokens, hidden_box_share=0.0, noise_density=0.0)
    # Line centres are at y = 107, 129, ..., 349. Word centres of the left column are at x = 91, 161, ..., 441.
    # The first cell ends at x = 250 and y = 250.
    upper_left = (places[:, 0] == 0) & (places[:, 1] <= 6) & (tokens[:, 4] <= 200)
    assert set(example.cells[:-1][upper_left]) == {0}
    assert np.count_nonzero(example.cells == 0) == np.count_nonzero(upper_left)
    assert np.bincount(example.cells[:-1]).tolist() == [21, 21, 21, 21, 15, 15, 15, 15]
    assert example.cells[-1] == IGNORE


def test_only_the_hidden_words_are_supervised():
    example = example_of(PAGE, hidden_box_share=0.3)
    positions, rows = kept_rows(example)
    hidden = ~example.box_visible[positions]
    assert np.array_equal(hidden, example.cells[positions] != IGNORE)
    assert not example.box_visible[example.line_pairs].any()
    words = rows[:, 1]
    assert not set(words[hidden]) & set(words[~hidden])
    assert len(set(words[hidden])) == round(0.3 * len(set(words)))


def test_without_hidden_boxes_all_tokens_are_visible_and_supervised():
    example = example_of(PAGE, hidden_box_share=0.0)
    positions, _ = kept_rows(example)
    assert example.box_visible[:-1].all()
    assert (example.cells[positions] != IGNORE).all()


def test_eos_is_last_and_has_no_box():
    assert not example_of(PAGE).box_visible[-1]
    assert example_of(PAGE).input_ids[-1] == TOKENIZER.eos_id


def test_a_long_page_has_a_new_window_in_each_epoch_and_fills_the_input():
    page = page_tokens([12] * 200)
    examples = [example_of(page, epoch=epoch) for epoch in range(8)]
    assert {len(example.input_ids) for example in examples} == {512}
    assert (
        len({int(example.input_ids[np.isin(example.input_ids, SENTINELS, invert=True)][0]) for example in examples}) > 4
    )
    seen = np.concatenate([example.input_ids for example in examples])
    assert seen[seen < 32000].max() - 100 > 1500


@pytest.mark.parametrize("words", [0, 1, 2, 3])
def test_a_page_with_few_words_is_a_valid_example(words):
    example = example_of(page_tokens([words]), page_image())
    assert example.labels[-1] == TOKENIZER.eos_id
    assert len(example.line_classes) == 64
    assert (example.cells != IGNORE).sum() == min(words, 1)
    assert set(example.line_classes.tolist()) <= {IGNORE, 0}


def test_a_page_with_one_line_has_only_pairs_of_the_same_line():
    example = example_of(page_tokens([12]), hidden_box_share=0.5)
    assert set(example.line_classes.tolist()) == {0}


def test_batches_are_padded_to_multiples_and_contain_the_keys_of_their_pages():
    batch = collated([example_of(PAGE, page_image(), key="a"), example_of(page_tokens([3]), key="b")])
    assert batch["keys"] == ["a", "b"]
    shapes = {name: tuple(value.shape) for name, value in batch.items() if torch.is_tensor(value)}
    assert shapes == {
        "input_ids": (2, 320), "text_mask": (2, 320), "boxes": (2, 320, 4), "box_visible": (2, 320),
        "cells": (2, 320), "line_pairs": (2, 64, 2), "line_classes": (2, 64), "labels": (2, 80),
        "images": (2, 512, 384, 3), "patch_boxes": (2, 128, 4), "patch_visible": (2, 128),
    }  # fmt: skip
    assert batch["images"].dtype == torch.uint8
    assert batch["text_mask"].sum(dim=1).tolist() == [len(example_of(PAGE, key="a").input_ids), 4]
    assert batch["patch_visible"].any(dim=1).tolist() == [True, False]


def test_a_batch_for_a_text_only_model_has_no_images():
    assert "images" not in collated([example_of(PAGE, page_image(), model=replace(TINY, image_height=0))])
