"""Pairs of tokens for the token-to-line objective."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.tasks.pretraining.line_pairs import sample_line_pairs


def draw(lines, words=None, pairs=60, seed=0):
    lines = np.asarray(lines)
    words = np.arange(len(lines)) if words is None else np.asarray(words)
    return sample_line_pairs(lines, words, pairs, 3, np.random.default_rng(seed))


def test_the_class_of_a_pair_is_the_distance_of_its_lines():
    lines = [0, 0, 1, 3, 4]
    pairs, classes = draw(lines, pairs=300)
    found = {(a, b): kind for (a, b), kind in zip(pairs.tolist(), classes.tolist(), strict=True)}
    assert found == {
        (0, 1): 0,
        **{(0, 2): 1, (1, 2): 1, (3, 4): 1},
        **{(0, 3): 2, (0, 4): 2, (1, 3): 2, (1, 4): 2, (2, 3): 2, (2, 4): 2},
    }


@given(
    steps=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=40), seed=st.integers(0, 99)
)
def test_pairs_are_different_words_in_reading_order_and_are_drawn_once(steps, seed):
    words = np.cumsum([max(word, line) for word, line in steps])  # every line begins with a new word
    lines = np.cumsum([line for _, line in steps])
    pairs, classes = draw(lines, words, pairs=9, seed=seed)
    first, second = pairs.T
    assert np.all(first < second)
    assert np.all(words[first] != words[second])
    assert np.array_equal(classes, np.minimum(lines[second] - lines[first], 2))
    distance = np.minimum(np.abs(lines[:, None] - lines), 2)
    possible = np.triu(words[:, None] != words)
    kinds = [kind for kind in range(3) if (possible & (distance == kind)).any()]
    assert sorted(set(classes.tolist())) == kinds
    for kind in kinds:
        drawn = {tuple(pair) for pair in pairs[classes == kind].tolist()}
        assert len(drawn) == (classes == kind).sum() or (possible & (distance == kind)).sum() < (classes == kind).sum()


def test_the_three_classes_are_equally_frequent():
    _, classes = draw(np.repeat(np.arange(10), 6))
    assert np.bincount(classes).tolist() == [20, 20, 20]


def test_the_pair_that_remains_may_go_to_any_class():
    larger = {
        int(np.bincount(draw(np.repeat(np.arange(10), 6), pairs=64, seed=seed)[1]).argmax()) for seed in range(40)
    }
    assert larger == {0, 1, 2}


def test_classes_belong_to_the_drawn_tokens():
    lines = np.repeat(np.arange(10), 6)
    pairs, classes = draw(lines)
    assert np.array_equal(classes, np.minimum(np.abs(lines[pairs[:, 0]] - lines[pairs[:, 1]]), 2))


def test_a_class_with_too_few_pairs_repeats_them():
    pairs, classes = draw([0, 0, 5, 9, 13, 17, 21])
    assert np.bincount(classes, minlength=3).tolist() == [30, 0, 30]
    assert {tuple(pair) for pair in pairs[classes == 0].tolist()} == {(0, 1)}


def test_a_page_with_one_line_has_only_pairs_of_the_same_line():
    _, classes = draw([3, 3, 3, 3])
    assert np.bincount(classes).tolist() == [60]


def test_two_tokens_of_one_word_are_not_a_pair():
    pairs, _ = draw([0, 0, 0, 1], words=[0, 0, 1, 2])
    assert (0, 1) not in {tuple(sorted(pair)) for pair in pairs.tolist()}


@pytest.mark.parametrize(("lines", "words"), [([], []), ([2], [0]), ([2, 2], [0, 0])])
def test_a_page_with_fewer_than_two_words_has_no_pair(lines, words):
    pairs, classes = draw(lines, words)
    assert pairs.shape == (0, 2)
    assert classes.shape == (0,)
