"""Pairs of entities are scored window by window; a link that no window holds is one that was not found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.trainer.tasks.item_samples import TOKENIZER, item_sample
from trainer.data.collate import collate
from trainer.model.batch import IGNORE
from trainer.model.config import MODEL_SIZES
from trainer.model.docformer import DocFormerV2
from trainer.tasks.items import Item, ItemSample
from trainer.tasks.links.head import PairHead
from trainer.tasks.links.task import EntityLinks

FORM = {"questions": [[[0, 1], [4]]], "answers": [[[2], [3], [5]]], "links": [[[0, 0], [0, 1], [1, 2]]]}
WORDS = ["Due", "date:", "May", "June", "Total:", "9"]


def task_of(max_text_tokens: int = 64) -> EntityLinks:
    return EntityLinks(max_text_tokens=max_text_tokens, reads_images=False, tokenizer=TOKENIZER, seed=0)


def form(order: list[int] | None = None) -> ItemSample:
    """A page with the words of the form in another order."""
    order = list(range(len(WORDS))) if order is None else order
    return item_sample([WORDS[i] for i in order], Item("k", FORM), order)


def true_output(example) -> np.ndarray:
    return np.where(example.links > 0, 1.0, -1.0)


def test_true_scores_give_the_true_links_in_any_order_of_the_words():
    task = task_of()
    for order in ([0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 4, 2]):
        sample = form(order)
        [example] = task.windows(sample)
        found = task.combine(sample.item, [(0, example, true_output(example))])
        assert found == {"links": FORM["links"], "unscored": 0}


def test_an_entity_is_read_at_the_first_token_of_its_first_word():
    [example] = task_of().windows(form([1, 0, 2, 3, 4, 5]))
    first = len(TOKENIZER.encode_words(["date:"])[0])
    assert example.questions.places[0] == first
    assert example.input_ids[first] == TOKENIZER.encode_words(["Due"])[0][0]


def test_an_entity_whose_first_word_has_blanks_is_read_at_its_first_part():
    item = Item("k", {"questions": [[[0]]], "answers": [[[1]]], "links": [[[0, 0]]]})
    [example] = task_of().windows(item_sample(["Due", "date:", "May", "9"], item, [0, 0, 1, 1]))
    first = [pieces[0] for pieces in TOKENIZER.encode_words(["Due", "May"])]
    assert [example.input_ids[entity.places[0]] for entity in (example.questions, example.answers)] == first


def test_links_across_windows_are_missed_and_counted():
    task, sample = task_of(max_text_tokens=5), form([0, 1, 4, 2, 3, 5])
    examples = task.windows(sample)
    assert len(examples) > 1
    found = task.combine(sample.item, [(0, example, true_output(example)) for example in examples])
    seen = {(q, a) for e in examples for q in e.questions.numbers.tolist() for a in e.answers.numbers.tolist()}
    missed = [pair for pair in FORM["links"][0] if tuple(pair) not in seen]
    assert missed and found["unscored"] == len(missed)
    assert task.scores([sample.item], [found])["recall"] == pytest.approx(1 - len(missed) / 3)
    assert task.scores([sample.item], [found])["unscored_links"] == pytest.approx(len(missed) / 3)


def test_a_page_that_cannot_be_used_has_no_links():
    task, item = task_of(), Item("k", FORM)
    nothing = task.combine(item, [])
    assert nothing == {"links": [[]], "unscored": 3}
    assert task.scores([item], [nothing]) == {"f1": 0.0, "precision": 0.0, "recall": 0.0, "unscored_links": 1.0}


def test_a_wrong_link_costs_precision():
    task, item = task_of(), Item("k", FORM)
    scores = task.scores([item], [{"links": [[[0, 0], [1, 0]]], "unscored": 0}])
    assert scores == {"f1": pytest.approx(0.4), "precision": 0.5, "recall": pytest.approx(1 / 3), "unscored_links": 0.0}


def test_padding_is_no_pair():
    task = task_of()
    empty = Item("e", {"questions": [[]], "answers": [[]], "links": [[]]})
    examples = [*task.windows(form()), *task.windows(item_sample(["a"], empty, [0]))]
    batch = collate(examples, task)
    assert batch["links"].shape == (2, 2, 3)
    assert (batch["links"][1] == IGNORE).all()
    head = PairHead(16, 0.0)
    encoded = torch.randn(2, batch["input_ids"].shape[1], 16, generator=torch.Generator().manual_seed(0))
    assert head(encoded, batch)["links"].answers == 6


def test_the_loss_of_a_batch_is_the_sum_over_its_pages():
    task, head = task_of(), PairHead(16, 0.0)
    batch = collate([*task.windows(form()), *task.windows(form([5, 4, 3, 2, 1, 0]))], task)
    encoded = torch.randn(2, batch["input_ids"].shape[1], 16, generator=torch.Generator().manual_seed(0))
    whole = head(encoded, batch)["links"].loss_sum
    parts = [
        head(encoded[i : i + 1], {name: batch[name][i : i + 1] for name in ("questions", "answers", "links", "boxes")})
        for i in range(2)
    ]
    torch.testing.assert_close(whole, sum(part["links"].loss_sum for part in parts))


def table(seed: int) -> ItemSample:
    """A page of three rows, each with a question at the left and its answer at the right, in a random order."""
    rng = np.random.default_rng(seed)
    rows, order = rng.permutation(3), rng.permutation(6).tolist()
    boxes = [(50, 100 + 200 * int(row), 150, 130 + 200 * int(row)) for row in range(3)]
    boxes += [(400, 100 + 200 * int(row), 500, 130 + 200 * int(row)) for row in rows]
    links = [[int(row), answer] for answer, row in enumerate(rows)]
    item = Item(str(seed), {"questions": [[[0], [1], [2]]], "answers": [[[3], [4], [5]]], "links": [links]})
    texts = [f"{word}" for word in rng.integers(10, 99, 6)]
    return item_sample([texts[i] for i in order], item, order, [boxes[i] for i in order])


def test_links_of_unknown_pages_are_learned_from_the_places_of_the_words():
    torch.manual_seed(0)
    task = task_of()
    small = {"d_model": 32, "d_ff": 64, "heads": 2, "encoder_layers": 1, "decoder_layers": 1}
    config = replace(MODEL_SIZES["tiny"].with_tokenizer(TOKENIZER), **small)
    model = DocFormerV2(config, task.make_heads)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(60):
        batch = collate([task.example(table(8 * step + i), 0) for i in range(8)], task)
        optimizer.zero_grad()
        outcome = model(batch)["links"]
        (outcome.loss_sum / outcome.answers).backward()
        optimizer.step()
    samples = [table(10_000 + i) for i in range(8)]
    examples = [example for sample in samples for example in task.windows(sample)]
    outputs = task.predict(model.eval(), collate(examples, task))
    found = [
        task.combine(sample.item, [(0, example, output)])
        for sample, example, output in zip(samples, examples, outputs, strict=True)
    ]
    assert task.scores([sample.item for sample in samples], found)["f1"] > 0.9
