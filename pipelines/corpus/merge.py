"""Merges corpora that were built separately into one.

Samples are not changed: no PDF is opened and no OCR is run. A tar is rewritten only if some of its pages are left out.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from pipelines.config import differences
from pipelines.corpus.claim import claim_output, read_index, read_plan, refuse_same_place, sole_command
from pipelines.corpus.finish import finish, is_finished, summarize
from pipelines.corpus.shard_moves import Merger, Part
from pipelines.corpus.store import CorpusStore
from pipelines.runtime.files import open_file_systems
from pipelines.runtime.progress import Progress
from pipelines.runtime.wording import counted
from schemas import CorpusIndex, PageStatus, UsageError

logger = logging.getLogger("pipelines")

MAY_DIFFER = ("inputs", "exclude", "pages_per_shard", "merged")
"""Settings that may differ between the corpora: they decide which pages there are, not what a page contains."""


def merge(corpora: list[str], output: str) -> CorpusIndex:
    """Makes the missing files of the joined corpus and returns its index.

    Args:
        corpora: directories of finished corpora. A document in several of them stays in the first.
        output: directory of the joined corpus.

    Raises:
        UsageError: fewer than two finished corpora, corpora with different settings, or an output that cannot be used.
        FolioError: a file of a corpus is damaged, or the run failed.
    """
    if len(corpora) < 2:
        raise UsageError(f"{corpora[0]} alone: name two or more corpora to join.")
    for corpus in corpora:
        refuse_same_place(corpus, output)
    open_file_systems((*corpora, output), [])
    target, stores = CorpusStore(output), [CorpusStore(corpus) for corpus in corpora]
    parts = [Part(store, read_index(store), read_plan(store)) for store in stores]
    refuse_differences(parts)
    settings = joined_settings(parts)
    with sole_command(output):
        claim_output(settings, target)
        if is_finished(target) and all(target.has_shard(shard.name) for shard in read_index(target).shards):
            logger.info("%s is complete already: nothing to do", output)
            joined = read_index(target)
            target.clear_work()
        else:
            joined = _join(parts, settings, target)
    summarize(joined, target)
    return joined


def _join(parts: list[Part], settings: dict[str, Any], target: CorpusStore) -> CorpusIndex:
    merger = Merger(parts, target)
    if not target.exists("plan.parquet"):
        target.write(merger.plan_bytes(), "plan.parquet")
    moves = merger.moves()
    progress = Progress("merged", "shards", len(moves))
    try:
        for move in moves:
            merger.make(move)
            progress.update(PageStatus.OK)
    finally:
        progress.close()
    left_out = sum(shard.pages for part in parts for shard in part.index.shards) - sum(len(m.rows) for m in moves)
    if left_out:
        logger.info("left out %s of documents that an earlier corpus holds", counted(left_out, "page"))
    return finish(settings, parts[0].index.tokenizer, target, merger.plan, [move.name for move in moves])


def refuse_differences(parts: list[Part]) -> None:
    """Rejects corpora with different page settings: the same page would differ between them.

    Raises:
        UsageError: the message lists the differences.
    """
    first = parts[0]
    for part in parts[1:]:
        changed = differences(_page_settings(first.index, first.index), _page_settings(part.index, first.index))
        if changed:
            changes = "\n  ".join(changed)
            raise UsageError(
                f"{part.store.output} has other settings than {first.store.output}, "
                f"but all pages of a corpus need the same; build it again with the same:\n  {changes}"
            )


def _page_settings(index: CorpusIndex, like: CorpusIndex) -> dict[str, Any]:
    settings = {name: value for name, value in index.config.items() if name not in MAY_DIFFER}
    if index.tokenizer.sha256 == like.tokenizer.sha256:  # the same tokenizer may be at two paths
        settings["tokenizer"] = like.tokenizer.name
    return {
        **settings,
        "grid_rows": index.grid_rows,
        "grid_cols": index.grid_cols,
        "token_columns": index.token_columns,
        "tokenizer_sha256": index.tokenizer.sha256,
        "vocab_size": index.tokenizer.vocab_size,
    }


def joined_settings(parts: list[Part]) -> dict[str, Any]:
    """Returns the settings of the joined corpus: the page settings, all inputs, and the index hashes of its parts."""
    first = {name: value for name, value in parts[0].index.config.items() if name not in MAY_DIFFER}
    inputs = [item for part in parts for item in part.index.config.get("inputs", [])]
    heads = [hashlib.sha256(part.store.read("index.json")).hexdigest() for part in parts]
    return {**first, "inputs": list(dict.fromkeys(inputs)), "merged": heads}
