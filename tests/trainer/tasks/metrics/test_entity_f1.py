"""The F1 of entities has the values of seqeval in its two modes."""

from __future__ import annotations

import pytest

from trainer.tasks.metrics.entity_f1 import entity_f1

GOLD = ["B-Q", "I-Q", "O", "B-A", "I-A"]


@pytest.mark.parametrize(
    ("predicted", "default", "strict"),
    [
        (GOLD, 1.0, 1.0),
        (["B-Q", "I-Q", "O", "B-A", "O"], 0.5, 0.5),
        (["I-Q", "I-Q", "O", "B-A", "I-A"], 1.0, 2 / 3),
        (["B-Q", "I-ANSWER", "O", "B-A", "I-A"], 0.4, 0.5),
        (["O"] * 5, 0.0, 0.0),
    ],
)
def test_worked_values(predicted, default, strict):
    assert entity_f1([GOLD], [predicted]).f1 == pytest.approx(default)
    assert entity_f1([GOLD], [predicted], strict=True).f1 == pytest.approx(strict)


def test_entities_of_all_pages_count_together():
    scores = entity_f1([["B-A"] * 3, ["B-A"]], [["B-A"] * 3, ["O"]])
    assert (scores.precision, scores.recall) == (1.0, 0.75)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("pages", [[], [[]], [["O"]]])
def test_scores_are_0_where_no_entity_is(pages, strict):
    assert entity_f1(pages, pages, strict=strict) == (0, 0, 0)


@pytest.mark.parametrize("found", [[], [["B-A"]], [["B-A", "O"], ["O"]]])
def test_a_page_or_word_without_a_tag_is_an_error(found):
    with pytest.raises(ValueError, match="inconsistent"):
        entity_f1([["B-A", "I-A"]], found)
