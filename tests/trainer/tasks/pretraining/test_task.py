"""Pretraining as a task: the interface that the trainer uses."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from schemas import Sample
from tests.trainer.pages import PRETRAINING, TINY, TOKENIZER, example_of, page_tokens
from trainer.tasks.pretraining.objectives import ObjectivesConfig
from trainer.tasks.pretraining.task import Pretraining


def test_an_example_is_the_masked_text_of_the_page_with_the_seed_of_the_run():
    tokens = page_tokens([8] * 10)
    task = Pretraining(ObjectivesConfig(), TINY, TOKENIZER, seed=5)
    example = task.example(Sample("page", b"", b"", tokens), epoch=2)
    expected = example_of(tokens, seed=5, epoch=2)
    assert example.key == "page"
    assert np.array_equal(example.input_ids, expected.input_ids)
    assert np.array_equal(example.line_pairs, expected.line_pairs)
    assert example.page is None


def test_tokens_outside_the_window_do_not_count_as_read():
    read = [PRETRAINING.tokens_read(tokens) for tokens in (0, 100, 10_000, 20_000)]
    assert read[:2] == [0, 100]
    assert 512 < read[2] == read[3] < 700


def test_the_objectives_must_not_change_when_a_run_resumes():
    assert PRETRAINING.facts() == {"objectives": asdict(ObjectivesConfig())}


def test_guess_levels_are_the_numbers_of_line_classes_and_grid_cells():
    assert PRETRAINING.guess_levels(TINY) == {"line": 3, "grid": 16}


def test_label_tensors_are_those_of_the_objectives_and_the_line_pairs():
    tensors = PRETRAINING.label_tensors([example_of(page_tokens([8] * 10))], text_length=128)
    declared = {objective.labels for objective in PRETRAINING.objectives}
    assert declared - {"labels"} == set(tensors) - {"line_pairs"}
    assert tensors["cells"].shape == (1, 128)
    assert tensors["line_pairs"].shape == (1, 64, 2)
