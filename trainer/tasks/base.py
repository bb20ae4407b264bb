"""The protocol of a task: it makes examples from pages and declares the objectives that they are trained on.

The training loop, the log, the evaluation and the checkpoints use a task only through this protocol.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from schemas import Sample
from trainer.model.config import ModelConfig
from trainer.model.page_canvas import PagePatches


@dataclass(frozen=True)
class Objective:
    """One term of a task's training loss.

    Attributes:
        name: the log has the columns `loss_<name>` and `acc_<name>`.
        labels: name of the label tensor in the batch. The decoder predicts `labels`, the heads all other tensors.
        weight: factor of its mean loss in the training loss.
    """

    name: str
    labels: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Example:
    """A page that is ready for batching: l text tokens and t targets.

    Boxes are in thousandths of the page. Unsupervised labels are IGNORE. A task that has labels other than those of the
    decoder adds them in a subclass.
    """

    key: str
    input_ids: np.ndarray  # (l,) int32: the text; ends with eos
    boxes: np.ndarray  # (l, 4) int32
    box_visible: np.ndarray  # (l,) bool; False: the encoder does not see the box of the token
    labels: np.ndarray  # (t,) int32: the decoder's targets; end with eos. Empty for a task without decoder
    page: PagePatches | None = None  # set by the loader; None for a model without a visual branch
    bad: tuple[str, ...] = ()  # set by the loader: unusable pages that this page replaces, with the reasons


class Task(Protocol):
    """The interface of a task. A class that inherits from it gets the defaults below.

    Attributes:
        objectives: the objectives, in the order of the log's columns.
        reads_images: whether the model sees the images of the pages, if it has a visual branch.
    """

    objectives: Sequence[Objective]
    reads_images: bool = True

    def make_heads(self, model: ModelConfig) -> nn.Module | None:
        """Returns new heads on the encoder, or None for a task that uses only the decoder. Heads are not exported.

        Heads return `Outcomes` for the encoded text (b, l, d) and the batch.
        """
        return None

    def example(self, sample: Sample, epoch: int) -> Example:
        """Returns the example of a page, without its image. All its random numbers must come from `page_generator`."""
        ...

    def tokens_read(self, tokens: int) -> int:
        """Returns how many of a page's `tokens` an example uses. Pages are sorted by this number before batching."""
        ...

    def facts(self) -> dict[str, Any]:
        """Returns the settings that must not change when a run resumes from its checkpoint."""
        ...

    def label_tensors(self, examples: Sequence[Any], text_length: int) -> dict[str, Tensor]:
        """Returns the label tensors that this task adds to a batch.

        Args:
            examples: the examples of the batch.
            text_length: l, the padded length of the text in the batch.
        """
        return {}

    def head_flops(self, text_tokens: int) -> float:
        """Returns the floating-point operations of the heads for one sequence, forward and backward."""
        return 0.0

    def guess_levels(self, model: Any) -> Mapping[str, int]:
        """Returns the number of equally likely classes of objectives, by their names.

        For these objectives, the plot shows the loss and the accuracy of random guessing.

        Args:
            model: an object with the model settings of the run as attributes.
        """
        return {}


def page_generator(seed: int, epoch: int, key: str) -> np.random.Generator:
    """Returns the random generator of a page in an epoch: the same on every machine, independent of all others."""
    digest = hashlib.sha256(f"{seed}/{epoch}/{key}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
