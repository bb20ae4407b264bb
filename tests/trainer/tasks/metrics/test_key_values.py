"""The F1 of extracted fields has the values of GEval, of DUE and of the SROIE competition."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.tasks.metrics.key_values import key_value_scores, sroie_scores

FORM = [("advertiser", "Smith for Senate"), ("gross_amount", "1,880.00"), ("contract_num", "26795")]
NDA = [("party", "A_Inc."), ("party", "B_LLC"), ("term", "3_years")]
RECEIPT = [("company", "BOOK TA"), ("date", "25/12/2018"), ("address", "NO.53 JALAN SAGU"), ("total", "9.00")]


def test_a_field_that_is_not_given_costs_recall():
    assert key_value_scores([FORM], [FORM[:2]])["all"] == pytest.approx((1, 2 / 3, 0.8))


def test_a_wrong_value_costs_precision_and_recall():
    found = [FORM[0], ("gross_amount", "1,580.00")]
    assert key_value_scores([FORM], [found])["all"] == pytest.approx((1 / 2, 1 / 3, 0.4))


def test_case_counts_only_in_the_cased_scores():
    found = [("party", "A_INC."), ("party", "C_Ltd"), ("term", "3_years")]
    scores = key_value_scores([NDA], [found])
    assert scores["all"] == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert scores["cased"] == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_each_key_of_gold_has_scores_of_its_own():
    scores = key_value_scores([NDA, FORM], [[("party", "b_llc"), ("term", "2_years"), ("issues", "x")], FORM])
    assert scores["party"] == pytest.approx((1, 1 / 2, 2 / 3))
    assert scores["term"].f1 == 0
    assert scores["advertiser"].f1 == 1
    assert list(scores) == ["all", "cased", "advertiser", "contract_num", "gross_amount", "party", "term"]


def test_documents_count_by_their_fields():
    scores = key_value_scores([FORM, NDA[:1]], [FORM, []])["all"]
    assert (scores.precision, scores.recall) == (1, 0.75)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (RECEIPT, (1, 1, 1)),
        ([*RECEIPT[:3], ("total", "8.00")], (0.75, 0.75, 0.75)),
        (RECEIPT[:3], (1, 0.75, 6 / 7)),
        ([*RECEIPT[:3], ("total", " ")], (1, 0.75, 6 / 7)),
        ([], (0, 0, 0)),
    ],
)
def test_a_receipt_is_scored_by_its_fields(found, expected):
    scores = sroie_scores([RECEIPT], [found])
    assert scores["raw"] == pytest.approx(expected)
    assert scores["normalized"] == scores["raw"]


def test_case_and_blanks_of_a_receipt_count_only_in_the_raw_scores():
    found = [("company", "Book  TA "), *RECEIPT[1:]]
    scores = sroie_scores([RECEIPT], [found])
    assert (scores["raw"].f1, scores["normalized"].f1) == (0.75, 1)


FIELDS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "X", "y"])), max_size=4)


@settings(max_examples=50)
@given(FIELDS, FIELDS)
def test_scores_without_case_are_at_least_the_cased_scores(gold, predicted):
    scores = key_value_scores([gold], [predicted])
    assert scores["all"].f1 >= scores["cased"].f1
    assert key_value_scores([gold], [gold])["cased"].f1 == bool(gold)
