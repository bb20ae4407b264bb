"""Linking of given entities as a task: which question of a form belongs to which answer?

The annotation of an item is, with a value per page:

    questions, answers   the words of each entity: indices of given words
    links                pairs of a question and an answer, as indices of the two lists

An entity is read at the first token of its first word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainer.model.batch import IGNORE, Batch, padded
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.tasks.base import Example, Objective
from trainer.tasks.items import Item, ItemSample, Output
from trainer.tasks.links.head import PairHead
from trainer.tasks.metrics.set_f1 import set_f1
from trainer.tasks.page_windows import PageWindows, first_tokens, given_words
from trainer.tasks.token_windows import WORD

QUESTIONS, ANSWERS, LINKS = "questions", "answers", "links"


@dataclass(frozen=True)
class Entities:
    """The entities of one kind that a window holds.

    Attributes:
        numbers: (n,) int64: index of each in the list of the annotation.
        places: (n,) int64: position in the text of the first token of its first word.
    """

    numbers: np.ndarray
    places: np.ndarray


@dataclass(frozen=True, kw_only=True)
class LinkExample(Example):
    """A window of a page with its q questions and a answers."""

    questions: Entities
    answers: Entities
    links: np.ndarray  # (q, a) int64; 1: the question is linked to the answer


class EntityLinks(PageWindows):
    """Links questions to answers by a head on the encoder. The decoder is not used.

    Args:
        max_text_tokens: length of the encoder's text, with eos. Entities are only linked within a window.
        reads_images: see `Task`.
        tokenizer: the tokenizer of the model.
        seed: the seed of the run.
    """

    objectives = (Objective("links", labels="links"),)
    metric = "f1"

    def make_heads(self, model: ModelConfig) -> PairHead:
        """Returns the scorer of pairs."""
        return PairHead(model.d_model, model.dropout)

    def window(self, sample: ItemSample, window: slice) -> LinkExample:
        """Returns a window of the page with its links."""
        place_of = _places_of_words(sample, window)
        annotation = sample.item.annotation
        questions = _entities(annotation[QUESTIONS][sample.number], place_of)
        answers = _entities(annotation[ANSWERS][sample.number], place_of)
        linked = {(question, answer) for question, answer in annotation[LINKS][sample.number]}
        links = [[(q, a) in linked for a in answers.numbers.tolist()] for q in questions.numbers.tolist()]
        return LinkExample(
            key=sample.key,
            **self.encoder_text(sample, window),
            labels=np.zeros(0, np.int32),
            questions=questions,
            answers=answers,
            links=np.array(links, np.int64).reshape(len(questions.numbers), len(answers.numbers)),
        )

    def label_tensors(self, examples: Sequence[LinkExample], text_length: int) -> dict[str, Tensor]:
        """Returns `questions` (b, q), `answers` (b, a) and `links` (b, q, a), all int64.

        q and a are the largest numbers in the batch, but at least 1. The padding of `links` is IGNORE.
        """
        shapes = [example.links.shape for example in examples]
        q, a = (max(1, *side) for side in zip(*shapes, strict=True))
        links = np.full((len(examples), q, a), IGNORE, np.int64)
        for target, example in zip(links, examples, strict=True):
            target[: example.links.shape[0], : example.links.shape[1]] = example.links
        return {
            QUESTIONS: padded([example.questions.places for example in examples], q),
            ANSWERS: padded([example.answers.places for example in examples], a),
            LINKS: torch.from_numpy(links),
        }

    @torch.inference_mode()
    def predict(self, model: DocFormerV2, batch: Batch) -> list[np.ndarray]:
        """Returns the log-odds (q, a) of the pairs of each example of the batch."""
        encoded, _ = model.encode(batch)  # (b, n, d)
        text = encoded[:, -batch["input_ids"].shape[1] :]  # (b, l, d)
        return list(model.heads.scores(text, batch).float().cpu().numpy())  # type: ignore[union-attr, operator]

    def combine(self, item: Item, outputs: Sequence[Output]) -> dict[str, Any]:
        """Returns the linked pairs of each page, and how many true links no window holds.

        A pair is linked if its log-odds are above 0 in one of its windows.
        """
        truth = item.annotation[LINKS]
        best: list[dict[tuple[int, int], float]] = [{} for _ in truth]
        for number, example, output in outputs:
            assert isinstance(example, LinkExample)
            for i, question in enumerate(example.questions.numbers.tolist()):
                for j, answer in enumerate(example.answers.numbers.tolist()):
                    pair = question, answer
                    best[number][pair] = max(best[number].get(pair, -np.inf), float(output[i, j]))
        return {
            LINKS: [sorted(list(pair) for pair, score in page.items() if score > 0) for page in best],
            "unscored": sum(tuple(pair) not in page for pairs, page in zip(truth, best, strict=True) for pair in pairs),
        }

    def scores(self, items: Sequence[Item], predictions: Sequence[Any]) -> dict[str, float]:
        """Returns precision, recall and F1 of links over all pages of all items.

        A link that no window holds is one that was not found. `unscored_links` is the share of these links.
        """
        gold = [_pairs(page) for item in items for page in item.annotation[LINKS]]
        found = [_pairs(page) for prediction in predictions for page in prediction[LINKS]]
        scores, unscored = set_f1(gold, found), sum(prediction["unscored"] for prediction in predictions)
        share = unscored / max(sum(map(len, gold)), 1)
        return {"f1": scores.f1, "precision": scores.precision, "recall": scores.recall, "unscored_links": share}


def _pairs(links: Sequence[Sequence[int]]) -> set[tuple[int, ...]]:
    return {tuple(pair) for pair in links}


def _places_of_words(sample: ItemSample, window: slice) -> dict[int, int]:
    """Returns the place in a window of the first token of each given word, by the index of the word."""
    sources, is_first = given_words(sample.page())
    places = [place for place in first_tokens(sample, window) if is_first[sample.tokens[place, WORD]]]
    return {int(sources[sample.tokens[place, WORD]]): int(place) - window.start for place in places}


def _entities(entities: Sequence[Sequence[int]], place_of: dict[int, int]) -> Entities:
    """Returns the entities whose first word is in a window, by the indices of their words."""
    found = [(number, place_of[words[0]]) for number, words in enumerate(entities) if words and words[0] in place_of]
    numbers, places = np.array(found, np.int64).reshape(-1, 2).T
    return Entities(numbers, places)
