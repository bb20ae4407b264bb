"""F1 of entities in BIO tags, as LayoutLM and its successors report it for FUNSD, CORD and SROIE."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from trainer.tasks.metrics.scores import Scores, scores_of_counts


def entity_f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], *, strict: bool = False) -> Scores:
    """Returns the scores over the entities of all pages together (micro average), as `seqeval` counts them.

    Args:
        gold: the tag of each word of each page.
        predicted: the same for the prediction.
        strict: False: an `I-` tag may begin an entity, as in the script of CoNLL 2000. True: only `B-` may.

    Raises:
        ValueError: the numbers of pages or of words differ.
    """
    if not gold and not predicted:
        return scores_of_counts(0, 0, 0)  # seqeval expects at least one page
    from seqeval.metrics import f1_score, precision_score, recall_score
    from seqeval.scheme import IOB2

    mode = {"mode": "strict", "scheme": IOB2} if strict else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tags that are not in gold, and of divisions by zero
        pages = [list(page) for page in gold], [list(page) for page in predicted]
        values = (score(*pages, zero_division=0, **mode) for score in (precision_score, recall_score, f1_score))
        return Scores(*map(float, values))
