"""Labelling of words as a task: forms, receipts and layouts.

The annotation of an item is `{"labels": [[label of each given word] for each page]}`. A word's label is that of the
word of the page file that it comes from (`Word.source`). If that one has blanks, the words after the first one of it
have `I-` in the place of `B-`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from schemas import Tokenizer
from trainer.model.batch import IGNORE, Batch, padded
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.tasks.base import Example, Objective
from trainer.tasks.items import Item, ItemSample, Metric, Output
from trainer.tasks.labels.head import LabelHead
from trainer.tasks.page_windows import PageWindows, first_tokens, given_words
from trainer.tasks.token_windows import WORD

OUTSIDE = "O"


@dataclass(frozen=True, kw_only=True)
class LabelExample(Example):
    """A window of a page and the labels of its words.

    A word is labelled at its first token. `places` are the positions of these tokens in the text, `words` the indices
    of the words on the page, and `sources` those in the page file; -1: not the first part of a given word.
    """

    places: np.ndarray  # (w,) int64
    words: np.ndarray  # (w,) int64
    sources: np.ndarray  # (w,) int64
    classes: np.ndarray  # (w,) int64: index of the label; IGNORE: no label is known


class Label(NamedTuple):
    """The label of a word, and its probability."""

    text: str
    score: float


class TokenLabels(NamedTuple):
    """The number of the best label of each token of a window, (l,) int64, and its probability, (l,) float32."""

    numbers: np.ndarray
    scores: np.ndarray


class WordLabels(PageWindows):
    """Labels words by a head on the encoder. The decoder is not used.

    Args:
        labels: all labels. `O` is the label of words without one.
        score: the metric of the data set.
        metric: the score by which the best model is chosen.
        max_text_tokens, reads_images, tokenizer, seed: see `PageWindows`.
    """

    objectives = (Objective("tags", labels="word_labels"),)

    def __init__(
        self,
        labels: Sequence[str],
        score: Metric,
        metric: str,
        *,
        max_text_tokens: int,
        reads_images: bool,
        tokenizer: Tokenizer,
        seed: int,
    ) -> None:
        super().__init__(max_text_tokens=max_text_tokens, reads_images=reads_images, tokenizer=tokenizer, seed=seed)
        self.labels = tuple(labels)
        self.metric = metric
        self._score = score
        self.numbers = {label: number for number, label in enumerate(self.labels)}

    def make_heads(self, model: ModelConfig) -> LabelHead:
        """Returns the classifier of words."""
        return LabelHead(model.d_model, len(self.labels), model.dropout)

    def window(self, sample: ItemSample, window: slice) -> LabelExample:
        """Returns a window of the page with its labels."""
        places = first_tokens(sample, window)
        words = sample.tokens[places, WORD]
        sources, is_first = given_words(sample.page())
        return LabelExample(
            key=sample.key,
            **self.encoder_text(sample, window),
            labels=np.zeros(0, np.int32),
            places=places - window.start,
            words=words,
            sources=np.where(is_first, sources, -1)[words],
            classes=self.classes(sample, words),
        )

    def classes(self, sample: ItemSample, words: np.ndarray) -> np.ndarray:
        """Returns the number of the label of each of some words of a page, (w,) int64; IGNORE: no label is known."""
        labels = sample.item.annotation.get("labels")
        if labels is None:
            return np.full(len(words), IGNORE, np.int64)
        sources, is_first = (values[words].tolist() for values in given_words(sample.page()))
        known = labels[sample.number]
        pairs = zip(sources, is_first, strict=True)
        return np.array([self._class(known[i], first) if i >= 0 else IGNORE for i, first in pairs], np.int64)

    def _class(self, label: str, first: bool) -> int:
        """Returns the number of the label of the first or another part of a given word; IGNORE: there is none."""
        inside = f"I-{label.removeprefix('B-')}" if label.startswith("B-") else label
        return self.numbers.get(label if first else inside, IGNORE)

    def record(self) -> dict[str, Any]:
        """Returns the labels, the length of the text, and whether the model sees images."""
        return {"labels": list(self.labels), **super().record()}

    def label_tensors(self, examples: Sequence[LabelExample], text_length: int) -> dict[str, Tensor]:
        """Returns `word_labels` (b, l) int64."""
        rows = np.full((len(examples), text_length), IGNORE, np.int64)
        for row, example in zip(rows, examples, strict=True):
            row[example.places] = example.classes
        return {"word_labels": padded(list(rows), text_length)}

    @torch.inference_mode()
    def predict(self, model: DocFormerV2, batch: Batch) -> list[TokenLabels]:
        """Returns the labels of the tokens of each example of the batch."""
        encoded, _ = model.encode(batch)  # (b, n, d)
        text = encoded[:, -batch["input_ids"].shape[1] :]  # (b, l, d)
        logits = model.heads.logits(text)  # type: ignore[union-attr, operator]
        scores, numbers = logits.float().softmax(dim=-1).max(dim=-1)  # (b, l) each
        return [TokenLabels(*row) for row in zip(numbers.cpu().numpy(), scores.cpu().numpy(), strict=True)]

    def combine(self, item: Item, outputs: Sequence[Output]) -> Any:
        """Returns the label of each given word of each page: that of its first part.

        In overlapping windows, a word gets its label from the window in which it is farthest from the borders. Words
        that no window contains are `O`.
        """
        windows = [(number, cast(LabelExample, example), output) for number, example, output in outputs]
        pages = (
            self._labels(len(words), [(e, e.sources, output) for at, e, output in windows if at == number])
            for number, words in enumerate(item.annotation["labels"])
        )
        return [[label.text for label in page] for page in pages]

    def page_labels(self, words: int, outputs: Sequence[Output]) -> list[Label]:
        """Returns the label of each word of a page, in reading order. A word that no window contains is `O`.

        Args:
            words: number of words of the page.
            outputs: those of the windows of this page.
        """
        windows = [(cast(LabelExample, example), output) for _, example, output in outputs]
        return self._labels(words, [(example, example.words, output) for example, output in windows])

    def _labels(self, count: int, windows: Iterable[tuple[LabelExample, np.ndarray, TokenLabels]]) -> list[Label]:
        """Returns labels of `count` words from windows with the number of each of their words and their outputs."""
        found, depth = [Label(OUTSIDE, 0.0)] * count, np.full(count, -1)
        for example, numbers, output in windows:
            for place, number in zip(example.places, numbers, strict=True):
                inside = min(place, len(example.input_ids) - 2 - place)
                if number >= 0 and inside > depth[number]:
                    depth[number] = inside
                    found[number] = Label(self.labels[output.numbers[place]], float(output.scores[place]))
        return found

    def scores(self, items: Sequence[Item], predictions: Sequence[Any]) -> dict[str, float]:
        """Returns the scores of the data set."""
        return self._score(items, predictions)
