"""The F1 of key-value pairs has the values of GEval."""

from __future__ import annotations

import pytest

from trainer.tasks.metrics.key_values import key_value_f1

FORM = [("advertiser", "Acme"), ("gross_amount", "$1,880.00"), ("contract_num", "17")]
CONTRACT = [("party", "A_Inc."), ("party", "B_LLC"), ("term", "3_years")]


@pytest.mark.parametrize(
    ("found", "precision", "recall", "f1"),
    [
        (FORM[:2], 1, 2 / 3, 0.8),
        ([FORM[0], ("gross_amount", "$1")], 1 / 2, 1 / 3, 0.4),
        (FORM, 1, 1, 1),
        ([], 0, 0, 0),
    ],
)
def test_a_wrong_value_costs_precision_and_recall_and_an_absent_one_only_recall(found, precision, recall, f1):
    assert key_value_f1([FORM], [found]) == pytest.approx((precision, recall, f1))


def test_upper_and_lower_case_count_only_on_demand():
    found = [("party", "A_INC."), ("party", "C_Ltd"), ("term", "3_years")]
    assert key_value_f1([CONTRACT], [found]).f1 == pytest.approx(2 / 3)
    assert key_value_f1([CONTRACT], [found], cased=True).f1 == pytest.approx(1 / 3)


def test_blanks_and_colons_are_underscores():
    found = [("party", "A Inc."), ("party", "B LLC"), ("term", "3:years")]
    assert key_value_f1([CONTRACT], [found], cased=True).f1 == 1


def test_a_value_that_is_given_twice_counts_twice():
    assert key_value_f1([[("party", "A")]], [[("party", "A"), ("party", "A")]]).precision == 0.5


def test_pairs_of_all_documents_count_together_and_not_across_documents():
    assert key_value_f1([FORM, []], [FORM, [FORM[0]]]) == pytest.approx((3 / 4, 1, 6 / 7))
    assert key_value_f1([FORM, []], [[], FORM]).f1 == 0
