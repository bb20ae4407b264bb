"""Changed pages are valid samples, and their changes depend only on seed, page and epoch."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import Page, Sample, UsageError
from schemas.sample import encode_page
from schemas.token_limits import TokenLimits, count_words
from schemas.tokens import token_array
from tests.schemas.strategies import pages
from tests.trainer.tasks.item_samples import TOKENIZER, item_sample
from trainer.tasks.items import Item
from trainer.tasks.page_changes import PageChanges
from trainer.tasks.token_windows import BOX, TOKEN_ID, WORD, encoder_text

GRID = (4, 5)
LIMITS = TokenLimits(TOKENIZER.vocab_size, GRID[0] * GRID[1])
changes = st.builds(PageChanges, st.floats(0, 1), st.sampled_from(["kept", "shuffled", "removed"]), st.integers(0, 9))


def sample_of(page: Page) -> Sample:
    return Sample(page.key, b"", encode_page(page), token_array(page, TOKENIZER, *GRID))


def changed(sample: Sample, change: PageChanges, epoch: int = 0) -> Sample:
    return change.of(sample, epoch, TOKENIZER, GRID)


@settings(max_examples=30)
@given(pages(), changes, st.integers(0, 3))
def test_a_changed_page_is_a_valid_sample_and_the_same_each_time(page, change, epoch):
    sample = changed(sample_of(page), change, epoch)
    found = sample.page()
    assert LIMITS.fault(sample.tokens, *count_words(sample.json)) is None
    assert [word.line for word in found.words] == sorted(word.line for word in found.words)
    assert {word.line for word in found.words} == set(range(len(found.lines)))
    again = changed(sample_of(page), change, epoch)
    assert (again.json, again.tokens.tobytes()) == (sample.json, sample.tokens.tobytes())


@settings(max_examples=30)
@given(pages())
def test_without_changes_the_sample_is_the_stored_one(page):
    sample = sample_of(page)
    assert changed(sample, PageChanges(seed=1), epoch=1) is sample


@settings(max_examples=30)
@given(pages())
def test_shuffled_boxes_are_those_of_other_words_and_all_else_is_kept(page):
    sample = sample_of(page)
    found = changed(sample, PageChanges(boxes="shuffled"))
    assert found.json == sample.json
    assert (found.tokens[:, : BOX.start - 1] == sample.tokens[:, : BOX.start - 1]).all()
    of_words = [_box_of_words(tokens) for tokens in (sample.tokens, found.tokens)]
    assert Counter(of_words[0].values()) == Counter(of_words[1].values())


def _box_of_words(tokens: np.ndarray) -> dict[int, tuple[int, ...]]:
    boxes: dict[int, tuple[int, ...]] = {}
    for row in tokens.tolist():
        assert boxes.setdefault(row[1], tuple(row[3:])) == tuple(row[3:]), "a word has one box and one cell"
    return boxes


@settings(max_examples=30)
@given(pages())
def test_removed_boxes_are_not_seen(page):
    found = changed(sample_of(page), PageChanges(boxes="removed"))
    text = encoder_text([5], found.tokens, TOKENIZER.eos_id)
    assert not text["box_visible"].any()
    assert text["input_ids"][1:-1].tolist() == found.tokens[:, TOKEN_ID].tolist()


def test_errors_and_boxes_differ_between_seeds_and_epochs():
    sample = item_sample(["total"] * 40, Item("k", {}))
    sample.tokens[:, BOX] += sample.tokens[:, [WORD]]
    for change in ({"ocr_noise": 0.5}, {"boxes": "shuffled"}):
        kinds = [(0, 0), (0, 1), (1, 0)]
        found = {changed(sample, PageChanges(**change, seed=seed), epoch).tokens.tobytes() for seed, epoch in kinds}
        assert len(found) == len(kinds)


@pytest.mark.parametrize(("values", "message"), [((1.5, "kept"), "--ocr_noise must be"), ((0, "lost"), "--boxes must")])
def test_a_wrong_value_is_refused(values, message):
    with pytest.raises(UsageError, match=message):
        PageChanges(*values)
