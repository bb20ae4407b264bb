"""What tasks on the words of pages have in common: windows over a page, heads on the encoder, no decoder."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from schemas import Page, Tokenizer
from trainer.tasks.base import Example
from trainer.tasks.items import ItemSample, ItemTask
from trainer.tasks.token_windows import WORD, EncoderText, all_windows, encoder_text, random_window


class PageWindows(ItemTask):
    """Reads pages in windows. A subclass makes the example of a window.

    Args:
        max_text_tokens: length of the encoder's text, with eos.
        reads_images: see `Task`.
        tokenizer: the tokenizer of the model.
        seed: the seed of the run.
    """

    def __init__(self, *, max_text_tokens: int, reads_images: bool, tokenizer: Tokenizer, seed: int) -> None:
        self.reads_images = reads_images
        self._size = max_text_tokens - 1
        self._eos_id = tokenizer.eos_id
        self._seed = seed

    @abstractmethod
    def window(self, sample: ItemSample, window: slice) -> Example:
        """Returns the example of a window of a page.

        Args:
            sample: the page.
            window: of its tokens.
        """

    def encoder_text(self, sample: ItemSample, window: slice) -> EncoderText:
        """Returns what the encoder reads of a page."""
        return encoder_text([], sample.tokens[window], self._eos_id)

    def example(self, sample: ItemSample, epoch: int) -> Example:  # type: ignore[override]
        """Returns a random window of the page."""
        return self.window(sample, random_window(len(sample.tokens), self._size, self._seed, epoch, sample.key))

    def windows(self, sample: ItemSample) -> list[Example]:
        """Returns all windows of the page."""
        return [self.window(sample, window) for window in all_windows(len(sample.tokens), self._size)]

    def tokens_read(self, tokens: int) -> int:
        """Returns the number of tokens, but at most the size of a window."""
        return min(tokens, self._size)

    def facts(self) -> dict[str, Any]:
        """Returns what `record` returns."""
        return self.record()

    def record(self) -> dict[str, Any]:
        """Returns the length of the text, and whether the model sees images."""
        return {"max_text_tokens": self._size + 1, "reads_images": self.reads_images}

    def head_flops(self, text_tokens: int) -> float:
        """Returns 0: the heads are small beside the encoder."""
        return 0.0


def first_tokens(sample: ItemSample, window: slice) -> np.ndarray:
    """Returns the places of the first token of each word that begins in a window, (w,) int64, from the page's start."""
    words = sample.tokens[:, WORD]
    first = np.flatnonzero(np.append(True, words[1:] != words[:-1])[: len(words)])
    return first[(first >= window.start) & (first < window.stop)]


def given_words(page: Page) -> tuple[np.ndarray, np.ndarray]:
    """Returns which word of the page file each word of a page comes from, and whether it is the first part of it.

    A given word with blanks is cut into several words. It is read, labelled and scored at the first of them.

    Returns:
        The index in the page file, (words,) int64, -1 for a word that was not given; and (words,) bool.
    """
    sources = np.array([word.source for word in page.words], np.int64)
    first = np.zeros(len(sources), bool)
    first[np.unique(sources, return_index=True)[1]] = True
    return sources, first & (sources >= 0)
