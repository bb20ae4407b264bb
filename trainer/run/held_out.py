"""Evaluates the model on held-out pages. The pages and their masks are the same each time."""

from __future__ import annotations

import logging
from itertools import zip_longest
from typing import Any

import torch

from trainer import distributed
from trainer.data.loader import PageDataset, load_batches
from trainer.data.sample_order import SampleRef
from trainer.model.batch import to_device
from trainer.tasks.sums import ObjectiveSums, summarize

logger = logging.getLogger("trainer")


class Evaluation:
    """The held-out pages of a run.

    The pages are divided into fixed blocks, and the blocks are distributed over the ranks. ZeRO 3 requires the same
    number of blocks on each rank: a rank with fewer blocks repeats the first block and does not count it. So the result
    is the same for any number of ranks.

    Attributes:
        pages: number of pages.

    Args:
        dataset: the held-out pages.
        max_pages: maximum number of pages to read. They are taken from the corpora in turn, see `PageTable.scattered`.
        block_size: pages per block.
        pad_multiple: see `trainer.data.collate.collate`.
    """

    def __init__(self, dataset: PageDataset, max_pages: int, block_size: int, pad_multiple: int) -> None:
        self.dataset = dataset
        self.pad_multiple = pad_multiple
        chosen = (pages.table.scattered(max_pages) for pages in dataset.corpora)
        rows = zip_longest(*([SampleRef(corpus, row, 0) for row in rows] for corpus, rows in enumerate(chosen)))
        refs = [ref for turn in rows for ref in turn if ref is not None][:max_pages]
        self.pages = len(refs)
        refs.sort(key=dataset.length)
        blocks = [refs[i : i + block_size] for i in range(0, len(refs), block_size)]
        self.blocks = blocks[distributed.rank() :: distributed.world_size()]
        self.counted = len(self.blocks)
        rounds = -(-len(blocks) // distributed.world_size())
        self.blocks += blocks[:1] * (rounds - self.counted)
        self.bad: list[str] = []

    def run(self, engine: Any) -> dict[str, float]:
        """Evaluates the model. Collective: all ranks call it, and all get the result.

        Returns:
            val_loss, val_loss_*, val_acc_*, val_pages, and val_bad_samples: the number of held-out pages that could not
            be used. Each is counted once, also if it was chosen again to replace another one.
        """
        objectives = self.dataset.task.objectives
        sums = ObjectiveSums(objectives)
        bad: list[str] = []
        engine.eval()
        with torch.no_grad():
            batches = load_batches(self.dataset, self.blocks, pad_multiple=self.pad_multiple, workers=0)
            for number, batch in enumerate(batches):
                outcomes = engine(to_device(batch, engine.device))
                if number < self.counted:
                    sums.add(outcomes)
                    bad += batch["bad"]
        engine.train()
        self._report(sorted({page for part in distributed.gather(bad) for page in part}))
        row = summarize(distributed.sum_over_ranks(sums.local()), objectives, prefix="val_")
        return {**row, "val_pages": self.pages, "val_bad_samples": len(self.bad)}

    def _report(self, bad: list[str]) -> None:
        """Logs once that held-out pages cannot be used. They are the same in each evaluation."""
        if bad and not self.bad:
            logger.warning(
                f"{len(bad)} of {sum(map(len, self.dataset.corpora))} held-out pages cannot be used and were replaced "
                f"by others: {bad[0]}"
            )
        self.bad = bad
