"""How the encoder's text begins if a question is asked: `question :`, then the page."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

SEPARATOR = ":"
MIN_PAGE_TOKENS = 8  # a question that leaves less room than this is cut at its end


def question_ids(question: str, encode: Callable[[list[str]], list[list[int]]], size: int) -> list[int]:
    """Returns the ids of a question and of the separator behind it. Only the question is cut, not the separator.

    Args:
        question: its text; may be empty.
        encode: returns the ids of each word.
        size: longest text of the encoder without eos, at least 16 tokens.
    """
    *words, separator = encode([*question.split(), SEPARATOR])
    return [*chain(*words)][: size - MIN_PAGE_TOKENS - len(separator)] + separator
