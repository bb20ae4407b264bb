"""The head that scores pairs of entities."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.model.batch import IGNORE, Batch
from trainer.model.outcome import Outcome, Outcomes, count_labels

SIDES = 4  # coordinates of a box
HIDDEN = 256  # width of the hidden layer that reads the places of two boxes
FEW = 0.05  # share of the pairs that are links in a form: where the scores start


class PairHead(nn.Module):
    """Scores the pairs of a question and an answer, each by the encoder's output for its first token.

    The score is the sum of two terms: a bilinear one of two projections, one for each side, so that the direction
    counts (Dozat & Manning 2017), and one of the distances between the sides of the two boxes.

    Args:
        d_model: width of the encoder's output.
        dropout: share of the inputs that are dropped in training.
    """

    def __init__(self, d_model: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.question = nn.Linear(d_model, d_model)
        self.answer = nn.Linear(d_model, d_model)
        self.distances = nn.Linear(SIDES * SIDES, HIDDEN)
        self.place = nn.Linear(HIDDEN, 1)
        # The learning rate is relative to the size of the weights. From smaller ones, this takes thousands of steps.
        nn.init.normal_(self.distances.weight, std=1.0)
        nn.init.normal_(self.distances.bias, std=1.0)
        nn.init.normal_(self.place.weight, std=0.25)
        nn.init.constant_(self.place.bias, math.log(FEW / (1 - FEW)))

    def forward(self, encoded: Tensor, batch: Batch) -> Outcomes:
        """Returns the outcome of `links` (b, q, a) for the encoded text (b, l, d): a yes or no for each pair."""
        scores, links = self.scores(encoded, batch).float(), batch["links"]  # (b, q, a) each
        known = links != IGNORE
        losses = F.binary_cross_entropy_with_logits(scores, links.clamp(min=0).float(), reduction="none")
        correct = ((scores.detach() > 0) == (links > 0)) & known
        return {"links": Outcome((losses * known).sum(), correct.sum().float(), count_labels(links))}

    def scores(self, encoded: Tensor, batch: Batch) -> Tensor:
        """Returns the log-odds (b, q, a) that a question is linked to an answer.

        Args:
            encoded: (b, l, d).
            batch: with `questions` (b, q) and `answers` (b, a), positions in the text, and `boxes` (b, l, 4).
        """
        questions, answers = batch["questions"], batch["answers"]
        left = F.gelu(self.question(self.dropout(_at(encoded, questions))))  # (b, q, d)
        right = self.answer(self.dropout(_at(encoded, answers)))  # (b, a, d)
        content = left @ right.transpose(1, 2) * left.shape[-1] ** -0.5  # (b, q, a)
        between = _distances(_at(batch["boxes"], questions), _at(batch["boxes"], answers))  # (b, q, a, 16)
        place = self.place(F.gelu(self.distances(between.to(content.dtype))))  # (b, q, a, 1)
        return content + place.squeeze(-1)


def _at(values: Tensor, places: Tensor) -> Tensor:
    """Returns the rows (b, n, ...) of values (b, l, ...) at the places (b, n)."""
    return values[torch.arange(len(places), device=places.device)[:, None], places]


def _distances(questions: Tensor, answers: Tensor) -> Tensor:
    """Returns the distances between all sides of two boxes, on a logarithmic scale, (b, q, a, 16).

    Near entities differ by a few thousandths of the page, far ones by hundreds.

    Args:
        questions: boxes (b, q, 4) in thousandths of the page.
        answers: likewise (b, a, 4).
    """
    between = (answers[:, None, :, None, :] - questions[:, :, None, :, None]).flatten(-2).float()  # (b, q, a, 16)
    return between.sign() * between.abs().log1p() / math.log(1000)
