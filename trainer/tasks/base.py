"""What a task is: the examples that it makes of pages, and the objectives that these are trained on.

The training loop, the log, the evaluation and the checkpoints know a task by this protocol alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from schemas import Sample
from trainer.model.config import ModelConfig
from trainer.model.page_canvas import PagePatches

Heads = Callable[[ModelConfig], nn.Module]
"""Makes the heads of a task: a module that returns `Outcomes` for the encoded text (b, l, d) and the batch."""


@dataclass(frozen=True)
class Objective:
    """Something that a task is trained on.

    Attributes:
        name: the log's columns are `loss_<name>` and `acc_<name>`.
        labels: name of the label tensor in the batch. The decoder answers `labels`, the heads any other.
        weight: of its mean loss in the training loss.
    """

    name: str
    labels: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Example:
    """A page ready for batching. Boxes are thousandths of the page; labels are IGNORE where unsupervised.

    A task with labels besides the decoder's adds them in a subclass.
    """

    key: str
    input_ids: np.ndarray  # (l,) int32: text, closed by eos
    boxes: np.ndarray  # (l, 4) int32
    box_visible: np.ndarray  # (l,) bool; False: the token reaches the encoder without a place
    labels: np.ndarray  # (t,) int32: the decoder's targets, closed by eos
    page: PagePatches | None = None  # set by the loader; None for a model without a visual branch
    bad: tuple[str, ...] = ()  # set by the loader: pages that this one replaces, each with the reason


class Task(Protocol):
    """What the trainer must know of a task. A class that inherits from it gets the defaults below.

    Attributes:
        objectives: in the order of the log's columns.
        heads: of the encoder, or None for a task that the decoder alone answers. They are not exported.
    """

    objectives: Sequence[Objective]
    heads: Heads | None = None

    def example(self, sample: Sample, epoch: int) -> Example:
        """Returns the example of a page, without its image. Pure: `page_generator` is its only source of chance."""
        ...

    def tokens_read(self, tokens: int) -> int:
        """Returns how many of a page's `tokens` an example reads: pages are sorted by it before they are batched."""
        ...

    def facts(self) -> dict[str, Any]:
        """Returns the settings that a run must keep to go on from its checkpoint."""
        ...

    def label_tensors(self, examples: Sequence[Any], text_length: int) -> dict[str, Tensor]:
        """Returns the tensors that only this task adds to a batch.

        Args:
            text_length: l, to which the text of the batch is padded.
        """
        return {}

    def head_flops(self, text_tokens: int) -> float:
        """Returns the operations of the heads for one sequence, forward and backward."""
        return 0.0

    def guess_levels(self, model: Any) -> Mapping[str, int]:
        """Returns among how many equally frequent answers a guess picks, for objectives where the plot shows it.

        Args:
            model: the settings of the run's model, by attribute.
        """
        return {}


def page_generator(seed: int, epoch: int, key: str) -> np.random.Generator:
    """Returns the page's own random generator: the same on every machine, unrelated to other pages and epochs."""
    digest = hashlib.sha256(f"{seed}/{epoch}/{key}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
