"""Where the words of an answer stand on the page that was read."""

from __future__ import annotations

from collections.abc import Sequence

from schemas import Box, Word
from trainer.tasks.answers.spans import find_answer
from trainer.tasks.answers.values import separated
from trainer.tasks.base import Example


def answer_boxes(words: Sequence[Word], answer: str, window: Example) -> tuple[Box, ...]:
    """Returns the boxes of the words of an answer, value by value if it has several.

    A value that the page shows several times is the one in the window. A model that sees no boxes does not know where
    its window stands on the page; then the value is the first one on the page, as it is if no word in the window fits.

    Args:
        words: the words of the page in reading order.
        answer: the answer.
        window: the part of the page that gave the answer.
    """
    seen = {tuple(box) for box in window.boxes[window.box_visible].tolist()}
    texts = [word.text for word in words]
    in_window = [word.text if word.box in seen else "" for word in words]
    spans = (find_answer(in_window, [value]) or find_answer(texts, [value]) for value in separated(answer))
    return tuple(word.box for span in spans if span for word in words[slice(*span)])
