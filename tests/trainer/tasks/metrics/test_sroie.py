"""The F1 of fields of receipts has the values of the SROIE competition."""

from __future__ import annotations

import pytest

from trainer.tasks.metrics.sroie import sroie_scores

RECEIPT = {"company": "BOOK TA", "date": "25/12/2018", "address": "NO.53 JALAN SAGU", "total": "9.00"}
THREE = {key: text for key, text in RECEIPT.items() if key != "total"}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (RECEIPT, (1, 1, 1)),
        ({**THREE, "total": "8.00"}, (0.75, 0.75, 0.75)),
        (THREE, (1, 0.75, 6 / 7)),
        ({**THREE, "total": " "}, (1, 0.75, 6 / 7)),
        ({**THREE, "amount": "9.00"}, (0.75, 0.75, 0.75)),
        ({}, (0, 0, 0)),
    ],
)
def test_a_wrong_field_costs_precision_and_recall_and_an_absent_one_only_recall(found, expected):
    scores = sroie_scores([RECEIPT], [found])
    assert scores["raw"] == pytest.approx(expected)
    assert scores["normalized"] == scores["raw"]


def test_case_and_blanks_count_only_in_the_raw_scores():
    scores = sroie_scores([RECEIPT], [{**RECEIPT, "company": "Book  TA "}])
    assert (scores["raw"].f1, scores["normalized"].f1) == (0.75, 1)


def test_receipts_count_by_their_fields():
    scores = sroie_scores([RECEIPT, {"total": "1.00"}], [RECEIPT, {}])["raw"]
    assert (scores.precision, scores.recall) == (1, 0.8)
