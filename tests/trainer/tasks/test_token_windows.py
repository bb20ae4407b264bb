"""Windows cover a page, and texts carry boxes only for the tokens of the page."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.tasks.token_windows import all_windows, encoder_text, random_window


@given(st.integers(0, 500), st.integers(1, 80))
def test_windows_cover_all_tokens_and_overlap(tokens, size):
    windows = all_windows(tokens, size)
    assert sorted({i for window in windows for i in range(window.start, min(window.stop, tokens))}) == list(
        range(tokens)
    )
    assert all(window.stop - window.start == size for window in windows)
    assert all(b.start <= a.stop - size // 2 for a, b in itertools.pairwise(windows))
    assert len(windows) == 1 or windows[-1].stop == tokens


@given(st.integers(0, 500), st.integers(1, 80), st.integers(0, 3))
def test_a_random_window_lies_within_the_page_and_depends_on_seed_epoch_and_key(tokens, size, epoch):
    window = random_window(tokens, size, 1, epoch, "a")
    assert 0 <= window.start <= max(tokens - size, 0)
    assert window == random_window(tokens, size, 1, epoch, "a")


def test_only_the_tokens_of_the_page_have_a_box():
    tokens = np.array([[7, 0, 0, 0, 10, 20, 30, 40], [8, 0, 0, 0, 10, 20, 30, 40]])
    text = encoder_text([5, 6], tokens, eos_id=1)
    assert text["input_ids"].tolist() == [5, 6, 7, 8, 1]
    assert text["box_visible"].tolist() == [False, False, True, True, False]
    assert text["boxes"][[0, 4]].tolist() == [[0] * 4] * 2
    assert text["boxes"][2].tolist() == [10, 20, 30, 40]
