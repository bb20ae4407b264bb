"""Fields are asked for by one question per key, and scored as keys and values of their document."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.trainer.tasks.item_samples import TOKENIZER, item_sample
from trainer.model.config import ModelConfig
from trainer.tasks.answers.fields import FieldSet, field_items, field_scores, given_values
from trainer.tasks.items import Item

MODEL = ModelConfig(d_model=32, d_ff=64, d_kv=16, heads=2, encoder_layers=1, decoder_layers=1)
QUESTIONS = {"party": "Who are the parties?", "term": "What is the term?", "date": "What is the date?"}
VALUES = {"party": ["A Inc.", "B LLC"], "term": ["3 years"]}


def items(name: str = "a") -> tuple[Item, ...]:
    return field_items(name, QUESTIONS, VALUES)


def test_several_values_are_one_answer_and_an_absent_key_is_answered_by_none():
    assert [item.annotation["answers"] for item in items()] == [["A Inc. | B LLC"], ["3 years"], ["None"]]
    assert [item.id for item in items()] == ["a-party", "a-term", "a-date"]


def test_a_bar_within_a_value_does_not_end_it():
    [item] = field_items("a", {"party": "Who?"}, {"party": ["A | B", "C|"]})
    [answer] = item.annotation["answers"]
    assert given_values(answer) == ["A | B", "C|"]
    assert field_scores([item], [answer])["f1"] == 1


def test_each_value_shows_the_answer_on_a_page():
    assert items()[0].annotation["shown"] == ["A Inc.", "B LLC"]


def test_a_page_shows_an_answer_of_several_values_if_it_has_one_of_them():
    party, term, date = items()
    page = item_sample(["between", "B", "LLC,", "and"], party).page()
    assert [FieldSet().shows(item, page) for item in (party, term, date)] == [True, False, False]


@pytest.mark.parametrize(
    ("answer", "values"),
    [("A | B", ["A", "B"]), ("A|B |", ["A", "B"]), ("None", []), ("none", []), ("", []), ("None such", ["None such"])],
)
def test_an_answer_holds_values(answer, values):
    assert given_values(answer) == values


def combined(*outputs: tuple[int, str, float]) -> tuple[str, int]:
    """Returns answer and page for windows with the number of the page, an answer and its mean log-probability."""
    term = items()[1]
    settings = SimpleNamespace(max_text_tokens=32, max_target_tokens=0, reads_images=False)
    task = FieldSet().make_task(settings, MODEL, TOKENIZER, 0)
    [window] = task.windows(item_sample(["3", "years"], term))
    found = task.combine(term, [(page, window, (answer, mean)) for page, answer, mean in outputs])
    return found["answer"], found["page"]


def test_a_value_of_one_window_wins_over_none_of_the_others():
    assert combined((0, "None", -0.01), (1, "3 years", -0.9), (2, "none", -0.02)) == ("3 years", 2)


def test_of_several_values_that_with_the_highest_score_wins():
    assert combined((0, "2 years", -0.9), (1, "None", -0.01), (2, "3 years", -0.4)) == ("3 years", 3)


def test_a_key_is_absent_if_all_windows_say_so_or_no_page_can_be_used():
    assert combined((0, "None", -0.5), (1, "None", -0.1)) == ("None", 2)
    assert combined() == ("", 0)


def test_an_answer_none_costs_no_precision():
    assert field_scores(items(), ["A Inc. | B LLC", "None", "None"]) == pytest.approx(
        {"f1": 0.8, "precision": 1, "recall": 2 / 3, "f1_cased": 0.8, "f1_party": 1, "f1_term": 0, "f1_date": 0}
    )


def test_the_worked_values_of_contracts():
    scores = field_scores(items(), ["A INC. | C Ltd", "3 years", "None"])
    assert scores["f1"] == pytest.approx(2 / 3)
    assert scores["f1_cased"] == pytest.approx(1 / 3)


def test_values_of_another_document_do_not_count():
    both = [*items("a"), *items("b")]
    answers = ["A Inc. | B LLC | A Inc. | B LLC", "3 years", "None", "None", "None", "None"]
    assert field_scores(both, answers)["precision"] == pytest.approx(3 / 5)


def test_without_the_truth_there_is_no_answer_to_learn():
    assert all(item.annotation["answers"] == [] for item in field_items("a", QUESTIONS, None))
