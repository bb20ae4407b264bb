"""The encoder reads the whole question and a window of the page; the decoder learns one of the answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.tasks.item_samples import TOKENIZER, item_sample
from trainer.tasks.answers.scores import anls_scores
from trainer.tasks.answers.task import Answers
from trainer.tasks.base import Example
from trainer.tasks.items import Item, ItemSample

QUESTION = "What is the total?"
FILLER = ["line", "of", "words"] * 40


def task_of(max_text_tokens: int = 32, max_target_tokens: int = 8) -> Answers:
    return Answers(
        anls_scores,
        "anls",
        max_text_tokens=max_text_tokens,
        max_target_tokens=max_target_tokens,
        reads_images=False,
        tokenizer=TOKENIZER,
        seed=0,
    )


def sample_of(words: Sequence[str], answers: Sequence[str], question: str = QUESTION) -> ItemSample:
    return item_sample(words, Item("q1", {"question": question, "answers": list(answers)}))


def tokens_of(text: str) -> list[int]:
    return [token for word in TOKENIZER.encode_words(text.split()) for token in word]


def page_tokens(example: Example) -> list[int]:
    return example.input_ids[example.box_visible].tolist()


def target(example: Example) -> str:
    assert example.labels[-1] == TOKENIZER.eos_id
    return TOKENIZER.decode(example.labels[:-1].tolist())


@given(st.integers(0, 120), st.integers(20, 64))
def test_windows_read_the_whole_question_and_together_the_whole_page(words, max_text_tokens):
    sample = sample_of(FILLER[:words], ["400"])
    windows = task_of(max_text_tokens).windows(sample)
    question = tokens_of(f"{QUESTION} :")
    for window in windows:
        assert window.input_ids[: len(question)].tolist() == question
        assert not window.box_visible[: len(question)].any()
        assert window.input_ids[-1] == TOKENIZER.eos_id
        assert len(window.input_ids) <= max_text_tokens
    ids = sample.tokens[:, 0].tolist()
    assert page_tokens(windows[0]) == ids[: len(page_tokens(windows[0]))]
    assert page_tokens(windows[-1]) == ids[len(ids) - len(page_tokens(windows[-1])) :]
    assert sum(len(page_tokens(window)) for window in windows) >= len(ids)


@given(st.integers(0, 120), st.integers(0, 4))
def test_an_answer_anywhere_on_the_page_is_in_the_window_that_trains_the_model(place, epoch):
    words = [*FILLER[:place], "400", "USD", *FILLER[place:]]
    example = task_of().example(sample_of(words, ["400 USD"]), epoch)
    ids, answer = page_tokens(example), tokens_of("400 USD")
    assert any(ids[start : start + len(answer)] == answer for start in range(len(ids)))
    assert target(example) == "400 USD"


def test_the_window_has_the_texts_that_show_the_answer_where_the_answer_is_no_text_of_the_page():
    annotation = {"question": QUESTION, "answers": ["A | B"], "shown": ["B"]}
    sample = item_sample([*FILLER, "B", *FILLER], Item("q1", annotation))
    for epoch in range(5):
        example = task_of().example(sample, epoch)
        assert tokens_of("B")[-1] in page_tokens(example)
        assert target(example) == "A | B"


def test_a_window_begins_with_an_answer_that_is_longer_than_it():
    answer = " ".join(f"{number}00" for number in range(1, 30))
    example = task_of().example(sample_of([*FILLER, *answer.split(), *FILLER], [answer]), 0)
    ids = page_tokens(example)
    assert ids == tokens_of(answer)[: len(ids)]


def test_without_the_answer_on_the_page_all_windows_are_used():
    sample = sample_of([str(number) for number in range(10, 90)], ["absent"])
    starts = {page_tokens(task_of().example(sample, epoch))[0] for epoch in range(20)}
    assert len(starts) > 5


def test_each_epoch_learns_one_of_the_answers():
    sample = sample_of(["400", "USD"], ["400", "400 USD"])
    targets = [target(task_of().example(sample, epoch)) for epoch in range(20)]
    assert set(targets) == {"400", "400 USD"}
    assert targets == [target(task_of().example(sample, epoch)) for epoch in range(20)]


def test_a_long_answer_is_cut_and_a_question_without_answer_has_an_empty_one():
    example = task_of(max_target_tokens=4).example(sample_of(["1"], ["a very long answer of many words"]), 0)
    assert example.labels.tolist() == [*tokens_of("a very long answer of many words")[:3], TOKENIZER.eos_id]
    assert target(task_of().example(sample_of(["1"], []), 0)) == ""


def test_a_question_that_would_fill_the_text_leaves_room_for_the_page():
    windows = task_of(32).windows(sample_of(FILLER, [], question="many words " * 40))
    assert len(windows) > 1
    assert all(len(page_tokens(window)) == 8 for window in windows)
    for window in windows:
        question = window.input_ids[: -1 - len(page_tokens(window))].tolist()
        assert question == [*tokens_of("many words " * 40)[: len(question) - len(tokens_of(":"))], *tokens_of(":")]


def test_cut_questions_and_answers_are_counted():
    long, short = "many words " * 40, "two words"
    items = [
        Item(str(number), {"question": question, "answers": answers})
        for number, (question, answers) in enumerate([(long, [short]), (short, [long]), (short, [long, short])])
    ]
    assert list(task_of(32).cuts(items).values()) == [1, 1]
    assert list(task_of(32).cuts([Item("x", {"question": short, "answers": []})]).values()) == [0, 0]


def test_the_answer_of_the_most_certain_window_of_all_pages_wins():
    task, sample = task_of(), sample_of(["1"], ["1"])
    [window] = task.windows(sample)
    outputs = [(0, window, ("first", -0.7)), (2, window, ("second", -0.1)), (2, window, ("third", -0.2))]
    assert task.combine(sample.item, outputs) == {
        "answer": "second",
        "score": pytest.approx(math.exp(-0.1)),
        "page": 3,
    }


def test_a_question_without_a_usable_page_has_no_answer_and_scores_0():
    item = Item("q1", {"question": QUESTION, "answers": ["400"]})
    answer = task_of().combine(item, [])
    assert answer == {"answer": "", "score": 0.0, "page": 0}
    assert task_of().scores([item, item], [answer, {"answer": "400"}]) == {"anls": 0.5, "exact": 0.5}


def test_the_page_of_an_answer_is_that_of_the_file_if_only_one_page_is_asked_about():
    item = Item("q1", {"question": QUESTION, "answers": [], "page": 3})
    [window] = task_of().windows(item_sample(["1"], item))
    assert task_of().combine(item, [(0, window, ("1", -0.1))])["page"] == 3
