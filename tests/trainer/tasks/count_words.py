"""A toy task in one file: the decoder predicts the number of words on the page. The launcher runs this file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import numpy as np

from schemas import Sample, Tokenizer
from schemas.sample import TOKEN_COLUMNS
from trainer.pretrain import main
from trainer.settings.pretrain import PretrainConfig
from trainer.tasks.base import Example, Objective, Task

TOKEN_ID, WORD, X0 = (TOKEN_COLUMNS.index(name) for name in ("token_id", "word", "x0"))


class CountWords(Task):
    """Counts the words in the first `max_tokens` tokens of a page."""

    objectives = (Objective("count", labels="labels"),)

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens

    def example(self, sample: Sample, epoch: int) -> Example:
        tokens = sample.tokens[: self.max_tokens]
        (answer,) = self.tokenizer.encode_words([str(len(np.unique(tokens[:, WORD])))])
        return Example(
            key=sample.key,
            input_ids=np.append(tokens[:, TOKEN_ID], self.tokenizer.eos_id),
            boxes=np.pad(tokens[:, X0 : X0 + 4], ((0, 1), (0, 0))),
            box_visible=np.arange(len(tokens) + 1) < len(tokens),
            labels=np.asarray([*answer, self.tokenizer.eos_id], np.int32),
        )

    def tokens_read(self, tokens: int) -> int:
        return min(tokens, self.max_tokens)

    def facts(self) -> dict[str, Any]:
        return {"task": "count words"}


def count_words(config: PretrainConfig, tokenizer: Tokenizer) -> CountWords:
    return CountWords(tokenizer, config.objectives.max_text_tokens - 1)


if __name__ == "__main__":
    sys.exit(main(task=count_words))
