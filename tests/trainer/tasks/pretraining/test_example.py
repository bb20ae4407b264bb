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
    named = [getattr(example, field.name) for field in fields(example) if field.name not in ("key", "page", "bad")]
    return [array.tobytes() for array in named]


def kept_rows(example: PretrainingExample) -> tuple[np.ndarray, np.ndarray]:
    """Positions of page tokens in the input, and their rows of PAGE."""
    positions = np.flatnonzero(~np.isin(example.input_ids, [*SENTINELS, TOKENIZER.eos_id]))
    return positions, PAGE[example.input_ids[positions] - 100]


def test_an_example_is_a_function_of_seed_epoch_and_key():
    first = arrays(example_of(PAGE, key="a", seed=1, epoch=2))
    assert first == arrays(example_of(PAGE, key="a", seed=1, epoch=2))
    for change in ({"key": "b"}, {"seed": 2}, {"epoch": 3}):
        assert first != arrays(example_of(PAGE, **{"key": "a", "seed": 1, "epoch": 2} | change))


def test_no_other_source_of_chance_reaches_an_example():
    first = arrays(example_of(PAGE))
    np.random.seed(5)
    torch.manual_seed(5)
    example_of(PAGE, key="another")
    assert first == arrays(example_of(PAGE))


def test_supervision_speaks_only_of_tokens_that_are_still_there():
    example = example_of(PAGE)
    positions, rows = kept_rows(example)
    supervised = example.cells[positions] != IGNORE
    assert np.all(np.delete(example.cells, positions) == IGNORE)
    assert np.array_equal(example.cells[positions][supervised], rows[supervised, 3])
    assert np.isin(example.line_pairs, positions).all()


def test_line_classes_are_the_distances_of_the_paired_tokens():
    example = example_of(PAGE)
    line = np.full(len(example.input_ids), -1)
    positions, rows = kept_rows(example)
    line[positions] = rows[:, 2]
    distance = np.abs(line[example.line_pairs[:, 0]] - line[example.line_pairs[:, 1]])
    assert np.array_equal(example.line_classes, np.minimum(distance, 2))
    assert sorted(np.bincount(example.line_classes)) == [21, 21, 22]


def two_columns(rows: int = 12, words: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Tokens of an article, as the pipeline numbers its lines, and (tokens, 2): column and row on the page."""
    places = np.asarray([(c, r, w) for c in range(2) for r in range(rows) for w in range(words)])
    corner = np.stack([60 + 480 * places[:, 0] + 70 * places[:, 2], 100 + 22 * places[:, 1]], axis=1)
    boxes = np.concatenate([corner, corner + np.asarray([62, 14])], axis=1)
    order, line = order_words(boxes.astype(float), 1000, 1000)
    assert np.array_equal(order, np.arange(len(boxes))), "the left column is read first"
    number = np.arange(len(boxes))
    tokens = np.column_stack([100 + number, number, line, cell_of(boxes, 4, 4), boxes]).astype(np.int32)
    return tokens, places[:, :2]


def test_lines_of_two_columns_are_as_far_apart_as_they_are_read():
    tokens, places = two_columns()
    example = example_of(tokens, hidden_box_share=0.0, noise_density=0.0, line_pairs=3000)
    read = 12 * places[:, 0] + places[:, 1]  # by hand: twelve lines on the left, then twelve on the right
    first, second = example.line_pairs.T
    expected = np.minimum(np.abs(read[first] - read[second]), 2)
    assert np.array_equal(example.line_classes, expected)
    facing = (places[first, 1] == places[second, 1]) & (places[first, 0] != places[second, 0])
    assert set(example.line_classes[facing]) == {2}, "at one height, but twelve lines apart"
    across = (read[first] == 11) & (read[second] == 12)
    assert set(example.line_classes[across]) == {1}, "the foot of one column and the head of the next"


def test_cells_are_those_of_the_boxes_on_the_page():
    tokens, places = two_columns()
    example = example_of(tokens, hidden_box_share=0.0, noise_density=0.0)
    # Lines are centred at 107, 129, ... 349, words of the left column at 91, 161, ... 441: a cell ends at 250 of each.
    upper_left = (places[:, 0] == 0) & (places[:, 1] <= 6) & (tokens[:, 4] <= 200)
    assert set(example.cells[:-1][upper_left]) == {0}
    assert np.count_nonzero(example.cells == 0) == np.count_nonzero(upper_left)
    assert np.bincount(example.cells[:-1]).tolist() == [21, 21, 21, 21, 15, 15, 15, 15]
    assert example.cells[-1] == IGNORE


def test_the_hidden_words_and_only_they_are_supervised():
    example = example_of(PAGE, hidden_box_share=0.3)
    positions, rows = kept_rows(example)
    hidden = ~example.box_visible[positions]
    assert np.array_equal(hidden, example.cells[positions] != IGNORE)
    assert not example.box_visible[example.line_pairs].any()
    words = rows[:, 1]
    assert not set(words[hidden]) & set(words[~hidden])
    assert len(set(words[hidden])) == round(0.3 * len(set(words)))


def test_with_nothing_hidden_every_token_is_seen_and_supervised():
    example = example_of(PAGE, hidden_box_share=0.0)
    positions, _ = kept_rows(example)
    assert example.box_visible[:-1].all()
    assert (example.cells[positions] != IGNORE).all()


def test_eos_stands_nowhere():
    assert not example_of(PAGE).box_visible[-1]
    assert example_of(PAGE).input_ids[-1] == TOKENIZER.eos_id


def test_a_long_page_gives_another_window_each_epoch_and_fills_the_encoder():
    page = page_tokens([12] * 200)
    examples = [example_of(page, epoch=epoch) for epoch in range(8)]
    assert {len(example.input_ids) for example in examples} == {512}
    assert (
        len({int(example.input_ids[np.isin(example.input_ids, SENTINELS, invert=True)][0]) for example in examples}) > 4
    )
    seen = np.concatenate([example.input_ids for example in examples])
    assert seen[seen < 32000].max() - 100 > 1500


@pytest.mark.parametrize("words", [0, 1, 2, 3])
def test_a_page_of_few_words_is_an_example(words):
    example = example_of(page_tokens([words]), page_image())
    assert example.labels[-1] == TOKENIZER.eos_id
    assert len(example.line_classes) == 64
    assert (example.cells != IGNORE).sum() == min(words, 1)
    assert set(example.line_classes.tolist()) <= {IGNORE, 0}


def test_a_page_of_one_line_asks_only_for_the_same_line():
    example = example_of(page_tokens([12]), hidden_box_share=0.5)
    assert set(example.line_classes.tolist()) == {0}


def test_batches_are_padded_to_multiples_and_name_their_pages():
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


def test_a_batch_for_a_text_model_holds_no_images():
    assert "images" not in collated([example_of(PAGE, page_image(), model=replace(TINY, image_height=0))])
