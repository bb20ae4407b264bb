"""Words and ids of a `tokenizers.Tokenizer`. The exported code for `transformers` contains a copy of this module."""

from __future__ import annotations

from itertools import chain
from typing import Any


def space_before_words(model: Any) -> str:
    """Returns what a word needs in front: a space in byte-level vocabularies, such as that of GPT-2, else nothing.

    There, the space is a part of the word that follows it.

    Args:
        model: a `tokenizers.Tokenizer`.
    """
    return " " if model.decode([*chain(*word_ids(model, ["a", "a"], ""))]).strip() == "aa" else ""


def word_ids(model: Any, words: list[str], space: str) -> list[list[int]]:
    """Returns the ids of each word, without special tokens.

    Args:
        model: a `tokenizers.Tokenizer`.
        words: the words.
        space: see `space_before_words`.
    """
    ids: list[list[int]] = [[] for _ in words]
    encoding = model.encode([space + word for word in words], is_pretokenized=True, add_special_tokens=False)
    for token, word in zip(encoding.ids, encoding.word_ids, strict=True):
        if word is not None:  # None: padding, which the settings in the file may require
            ids[word].append(token)
    return ids
