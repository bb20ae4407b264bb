"""The input of a run: the order of its pages, and the batches of each rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trainer import distributed
from trainer.data.corpora import OpenCorpus
from trainer.data.loader import PageDataset, load_batches
from trainer.data.prefetch import prefetcher
from trainer.data.sample_order import RankBatches, SampleOrder, ShuffledPages
from trainer.model.batch import Batch
from trainer.settings.training import TrainingConfig


def sample_order(config: TrainingConfig, corpora: Sequence[OpenCorpus]) -> SampleOrder:
    """Returns the order in which a run reads its training pages."""
    pages = [
        ShuffledPages(corpus.train.table.bounds, config.shuffle_shards, config.seed, number)
        for number, corpus in enumerate(corpora)
    ]
    return SampleOrder(pages, [corpus.weight for corpus in corpora], config.seed)


def training_batches(
    config: TrainingConfig,
    corpora: Sequence[OpenCorpus],
    order: SampleOrder,
    dataset: PageDataset,
    micro_batch: int,
    *,
    consumed: int,
    steps: int,
) -> Iterator[Batch]:
    """Yields the micro-batches of this rank for the next `steps` steps.

    Args:
        config: the settings of the run.
        corpora: the open corpora.
        order: result of `sample_order`.
        dataset: makes examples from pages.
        micro_batch: pages per micro-batch.
        consumed: number of samples that the run has already read.
        steps: number of steps.
    """
    micro_batches = RankBatches(
        order,
        dataset.length,
        global_batch=config.global_batch,
        micro_batch=micro_batch,
        rank=distributed.rank(),
        ranks=distributed.world_size(),
        consumed=consumed,
        steps=steps,
        on_step=prefetcher(config, order, corpora),
    )
    return load_batches(dataset, micro_batches, pad_multiple=config.pad_multiple, workers=config.workers)
