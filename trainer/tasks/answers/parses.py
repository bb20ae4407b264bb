"""Parses: JSON of a whole page as a text that the decoder can write, and back.

The vocabulary of T5 has no braces and no `<`. A key is written as `[key]`, the end of a group as `[/]`, and what
stands between the elements of a list as `[;]`:

    {"menu": [{"nm": "cake", "cnt": "2"}, {"nm": "tea"}], "total": {"total_price": "10"}}
    [menu] [nm] cake [cnt] 2 [;] [nm] tea [/] [total] [total_price] 10 [/]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from trainer.tasks.items import Item
from trainer.tasks.metrics.json_scores import json_scores

END, NEXT = "[/]", "[;]"
MAX_DEPTH = 8  # of groups in a text; a model may write any number of keys without a value
_KEY = re.compile(r"\[(\w+)\]")
_LIKE_MARK = re.compile(r"\[+(\w+|/|;)\]+")  # a word of a value that could be taken for a mark gets one more bracket
_WIDENED = re.compile(r"\[\[+(\w+|/|;)\]\]+")


def text_of(parse: Any) -> str:
    """Returns the text of a parse. What is empty is left out.

    Args:
        parse: a group: a dict. Its values are texts, groups, and lists of either. Keys are made of letters, digits and
            underscores.
    """
    return " ".join(_members(parse))


def _members(group: dict[str, Any]) -> Iterator[str]:
    for key, value in group.items():
        if words := list(_value(value)):
            yield f"[{key}]"
            yield from words


def _value(value: Any) -> Iterator[str]:
    elements = value if isinstance(value, list) else [value]
    is_group = any(isinstance(element, dict) for element in elements)
    parts = [list(_members(part) if isinstance(part, dict) else _words(str(part))) for part in elements]
    kept = [part for part in parts if part]
    for number, part in enumerate(kept):
        yield from [NEXT, *part] if number else part
    if kept and is_group:
        yield END


def _words(text: str) -> Iterator[str]:
    for word in text.split():
        yield f"[{word}]" if _LIKE_MARK.fullmatch(word) else word


def parse_of(text: str) -> dict[str, Any]:
    """Returns the parse of a text. Any text has one: what is out of place is left out.

    A list of one element is returned as this element.
    """
    reader = _Reader(text.split())
    parse: dict[str, Any] = {}
    while not reader.ended():
        parse |= reader.members(depth=1)
        reader.skip()
    return parse


class _Reader:
    """Reads a text word by word."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words, self._next = words, 0

    def ended(self) -> bool:
        return self._next >= len(self._words)

    def skip(self) -> None:
        self._next += 1

    def members(self, depth: int) -> dict[str, Any]:
        """Returns the keys and values up to the next word that is no key."""
        group: dict[str, Any] = {}
        while key := _KEY.fullmatch(self._at()):
            self.skip()
            group[key[1]] = (
                self._group(depth + 1) if _KEY.fullmatch(self._at()) and depth < MAX_DEPTH else self._texts()
            )
        return group

    def _group(self, depth: int) -> Any:
        groups = [self.members(depth)]
        while self._at() == NEXT:
            self.skip()
            groups.append(self.members(depth))
        if self._at() == END:
            self.skip()
        return groups if len(groups) > 1 else groups[0]

    def _texts(self) -> Any:
        texts = [self._text()]
        while self._at() == NEXT and self._is_word(1):
            self.skip()
            texts.append(self._text())
        return texts if len(texts) > 1 else texts[0]

    def _text(self) -> str:
        words = []
        while self._is_word(0):
            word = self._at()
            words.append(word[1:-1] if _WIDENED.fullmatch(word) else word)
            self.skip()
        return " ".join(words)

    def _at(self, ahead: int = 0) -> str:
        place = self._next + ahead
        return self._words[place] if place < len(self._words) else ""

    def _is_word(self, ahead: int) -> bool:
        word = self._at(ahead)
        return word not in ("", END, NEXT) and not _KEY.fullmatch(word)


def parse_scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Returns `field_f1` and `ted_accuracy` of the parses that the answers stand for, against `parse` of the items."""
    return json_scores([item.annotation["parse"] for item in items], [parse_of(answer) for answer in answers])
