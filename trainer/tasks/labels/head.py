"""The head that labels words."""

from __future__ import annotations

from torch import Tensor, nn

from trainer.model.batch import Batch
from trainer.model.outcome import Outcomes, classify


class LabelHead(nn.Module):
    """A linear classifier on the encoder's output.

    Args:
        d_model: width of the encoder's output.
        classes: number of labels.
        dropout: share of the inputs that are dropped in training.
    """

    def __init__(self, d_model: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(d_model, classes)

    def forward(self, encoded: Tensor, batch: Batch) -> Outcomes:
        """Returns the outcome of `word_labels` (b, l) for the encoded text (b, l, d)."""
        return {"word_labels": classify(self.logits(encoded), batch["word_labels"])}

    def logits(self, encoded: Tensor) -> Tensor:
        """Returns logits (b, l, classes) for the encoded text (b, l, d)."""
        return self.classifier(self.dropout(encoded))  # (b, l, d) -> (b, l, classes)
