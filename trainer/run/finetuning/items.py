"""What a fine-tuning run trains on: the items of a data set, its task, and the model that it starts from."""

from __future__ import annotations

import hashlib
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


def open_items(config: FinetuneConfig) -> tuple[list[OpenCorpus], Tokenizer]:
    """Opens the items to train on and to evaluate on. Prepares them first if that has not been done.

    Raises:
        UsageError: the task or a split does not exist, the folder has another layout, or no item is left.
        FolioError: the pages cannot be built.
    """
    tokenizer = load_tokenizer(config.tokenizer)
    train_split, val_split = splits_of(config)
    data_set, folder = data_set_named(config.task), Path(config.data)
    train = open_split(data_set, folder, train_split, config.tokenizer, config)
    held_out = held_out_documents(train, config.val_share) if not val_split else frozenset()
    chosen = _chosen(train, held_out, config)
    val = open_split(data_set, folder, val_split, config.tokenizer, config) if val_split else train
    pages = train.of(chosen.__contains__, PageChanges(config.ocr_noise, config.boxes, config.seed))
    if not len(pages):
        raise UsageError(f"--data {config.data} has no usable page in the split {train_split}: see the messages above.")
    others = val.of(lambda name: bool(val_split) or name in held_out, PageChanges(boxes=config.boxes))
    return [OpenCorpus(train.path, len(pages), train.index, pages, others)], tokenizer


def splits_of(settings: TaskSettings) -> tuple[str, str]:
    """Returns the split to train on, and the split to evaluate on; "": a share of the former."""
    data_set = data_set_named(settings.task)
    return settings.train_split or data_set.splits[0], settings.val_split or data_set.validation


def held_out_documents(split: OpenSplit, share: float) -> frozenset[str]:
    """Returns the documents of a split that are not trained on, chosen by a hash of their names: at least one."""
    names = sorted({item.document for item in split.items}, key=_hashed(""))
    return frozenset(names[: max(1, round(share * len(names)))])


def _chosen(split: OpenSplit, held_out: frozenset[str], config: FinetuneConfig) -> frozenset[str]:
    """Returns the documents to train on. Fewer documents are a part of more documents, for the same seed."""
    names = sorted({item.document for item in split.items} - held_out, key=_hashed(str(config.seed)))
    if config.train_documents > len(names):
        raise UsageError(f"--train_documents {config.train_documents}: there are only {len(names)} documents.")
    return frozenset(names[: config.train_documents or len(names)])


def _hashed(salt: str) -> Callable[[str], bytes]:
    return lambda name: hashlib.sha256(f"{salt}/{name}".encode()).digest()


def finetuning(config: FinetuneConfig, tokenizer: Tokenizer) -> ItemTask:
    """Returns the task of `--task`."""
    return data_set_named(config.task).make_task(config, config.model, tokenizer, config.seed)
