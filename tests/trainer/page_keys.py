"""The keys of the pages of a corpus, and of those that a run reads."""

from __future__ import annotations

from pathlib import Path

from schemas import Corpus
from trainer.data.batches import sample_order
from trainer.data.corpora import open_corpora
from trainer.settings.reading.loading import load_config


def all_keys(corpus: Path) -> set[str]:
    """Returns the keys of all pages."""
    opened = Corpus(corpus)
    return {opened.key(i) for i in range(len(opened))}


def keys_read(corpus: Path, start: int, stop: int) -> list[str]:
    """Returns the keys of the pages at these positions in the order of a run that holds out a share of 0.3."""
    config = load_config("tiny", None, {"corpus": [str(corpus)], "val_share": "0.3"})
    corpora, _ = open_corpora(config)
    return [corpora[0].train.table.key(ref.row) for ref in sample_order(config, corpora).samples(start, stop)]
