"""Warns of a share of held-out documents that is too small for the corpora."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from trainer.data.corpora import OpenCorpus
from trainer.settings.data import CorpusSettings

DIGITS = 1000  # advice is rounded up to thousandths


def nothing_held_out(settings: CorpusSettings, corpora: Sequence[OpenCorpus]) -> str | None:
    """Returns a warning with a better `--val_share` if no document is held out, although the settings ask for some.

    Which documents are held out depends on their hashes (see `PageTable.split`), so in a small corpus it can be none.

    Args:
        settings: the corpora and the share.
        corpora: the same corpora, open.
    """
    if not settings.val_share or not settings.val_pages or any(len(corpus.held_out) for corpus in corpora):
        return None
    documents = [np.unique(corpus.train.table.document) for corpus in corpora]
    # All documents of a corpus cannot be held out, and so not the only one.
    shares = [math.ceil(int(found[0]) / 2.0**64 * DIGITS + 1e-9) / DIGITS for found in documents if len(found) > 1]
    advice = f"pass at least {min(shares):g}" if shares else "add documents"
    return (
        f"--val_share {settings.val_share:g} holds out none of {sum(map(len, documents)):,} documents, so nothing is "
        f"evaluated: {advice}. --val_share 0 omits this warning"
    )
