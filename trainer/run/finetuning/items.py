"""What a fine-tuning run trains on: the items of a data set, its task, and the model that it starts from."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

from schemas import Tokenizer, UsageError, load_tokenizer
from trainer.data.corpora import OpenCorpus
from trainer.data.items.pages import OpenSplit, open_split
from trainer.settings.finetune import FinetuneConfig
from trainer.settings.task import TaskSettings
from trainer.tasks.datasets import data_set_named
from trainer.tasks.items import ItemTask
from trainer.tasks.page_changes import PageChanges

logger = logging.getLogger("trainer")


def open_items(config: FinetuneConfig) -> tuple[list[OpenCorpus], Tokenizer]:
    """Opens the items to train on and to evaluate on. Prepares them first if that has not been done.

    Raises:
        UsageError: the task or a split does not exist, the folder has another layout, no item is left, or the truth of
            an item is not known.
        FolioError: the pages cannot be built.
    """
    tokenizer = load_tokenizer(config.tokenizer)
    train_split, val_split = splits_of(config)
    train = _open(config, train_split)
    val = _open(config, val_split) if val_split else train
    held_out = frozenset() if val_split else held_out_documents(train, config.val_share)
    chosen = _chosen(train, held_out, config)
    pages = train.of(chosen.__contains__, PageChanges(config.ocr_noise, config.boxes, config.seed))
    others = val.of(lambda name: bool(val_split) or name in held_out, PageChanges(boxes=config.boxes))
    shared = f"{len(held_out)} held-out documents of the split {train_split} (--val_share {config.val_share:g})"
    evaluated = f"the split {val_split}" if val_split else shared
    for found, where in ((pages, f"the split {train_split}"), (others, evaluated)):
        if not len(found):
            raise UsageError(f"--data {config.data} has no usable page in {where}: see the messages above.")
    logger.info(f"trained on the split {train_split}, evaluated on {evaluated}")
    return [OpenCorpus(train.path, len(pages), train.index, pages, others)], tokenizer


def splits_of(settings: TaskSettings) -> tuple[str, str]:
    """Returns the split to train on, and the split to evaluate on; "": a share of the former."""
    data_set = data_set_named(settings.task)
    validation = settings.val_split or data_set.validation_in(Path(settings.data))
    return settings.train_split or data_set.splits[0], validation


def _open(config: FinetuneConfig, split: str) -> OpenSplit:
    """Returns a split to train or to evaluate on.

    Raises:
        UsageError: see `open_items`.
        FolioError: the pages cannot be built.
    """
    data_set, folder = data_set_named(config.task), Path(config.data)
    return open_split(data_set, folder, split, config.tokenizer, config, needs_truth=True)


def held_out_documents(split: OpenSplit, share: float) -> frozenset[str]:
    """Returns the documents of a split that are not trained on, chosen by a hash of their names: at least one."""
    names = sorted({item.document for item in split.items}, key=_hashed(""))
    return frozenset(names[: max(1, round(share * len(names)))])


def _chosen(split: OpenSplit, held_out: frozenset[str], config: FinetuneConfig) -> frozenset[str]:
    """Returns the documents to train on. Fewer documents are a part of more documents, for the same seed.

    Raises:
        UsageError: there are not as many documents, or all are held out.
    """
    names = sorted({item.document for item in split.items} - held_out, key=_hashed(str(config.seed)))
    if not names:
        raise UsageError(
            f"--val_share {config.val_share:g} holds out all documents ({len(held_out)}) to evaluate on: "
            "add documents, or name a split to evaluate on by --val_split."
        )
    if config.train_documents > len(names):
        raise UsageError(f"--train_documents {config.train_documents}: there are only {len(names)} documents.")
    return frozenset(names[: config.train_documents or len(names)])


def _hashed(salt: str) -> Callable[[str], bytes]:
    return lambda name: hashlib.sha256(f"{salt}/{name}".encode()).digest()


def finetuning(config: FinetuneConfig, tokenizer: Tokenizer) -> ItemTask:
    """Returns the task of `--task`."""
    return data_set_named(config.task).make_task(config, config.model, tokenizer, config.seed)
