"""Where the words of an answer stand on a page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from trainer.tasks.items import Item

_EDGES = re.compile(r"^\W+|\W+$")


def find_answer(words: Sequence[str], answers: Sequence[str]) -> tuple[int, int] | None:
    """Returns the first place at which the words of an answer follow each other, or None.

    Case, and signs at the edges of words, do not count. Longer answers are searched first.

    Args:
        words: the words of the page in reading order.
        answers: the answers, each of any number of words.

    Returns:
        The index of the first word and the index after the last one.
    """
    page = [_bare(word) for word in words]
    wanted = [[_bare(word) for word in answer.split()] for answer in answers]
    for answer in sorted(filter(None, wanted), key=len, reverse=True):
        for start in range(len(page) - len(answer) + 1):
            if page[start : start + len(answer)] == answer:
                return start, start + len(answer)
    return None


def shown_texts(item: Item) -> Sequence[str]:
    """Returns the texts by which a page shows the answer of an item: `shown` of its annotation, else its answers."""
    return item.annotation.get("shown", item.annotation["answers"])


def _bare(word: str) -> str:
    return _EDGES.sub("", word.casefold()) or word
