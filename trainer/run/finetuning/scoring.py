"""Predicts the items of a data set and scores them by its metric, on all ranks together."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from schemas import SchemaError, Tokenizer
from schemas.support.duration import duration
from trainer import distributed
from trainer.data.collate import collate
from trainer.data.items.pages import ItemPages
from trainer.data.loader import SampleError, with_image
from trainer.engine.start import full_weights
from trainer.model.batch import to_device
from trainer.model.docformer import DocFormerV2
from trainer.model.export import MODEL_DIR, export_model
from trainer.run.directory import BEST_NAME
from trainer.run.setup import PreparedRun
from trainer.settings.finetune import FinetuneConfig
from trainer.tasks.base import Example
from trainer.tasks.items import Item, ItemSample, ItemTask, Output
from trainer.tasks.page_changes import Boxes

logger = logging.getLogger("trainer")
T = TypeVar("T")

ITEMS_AT_ONCE = 64  # items whose outputs are kept until they are combined
WINDOWS_AT_ONCE = 64  # windows that are held with their images, and sorted by length together


class Window(NamedTuple):
    """One window of a page of an item.

    Attributes:
        row: of the item.
        number: of the page in its document, from 0.
        example: what the model reads.
    """

    row: int
    number: int
    example: Example


@dataclass(frozen=True)
class Predictions:
    """The predictions for all items of a split, the same on every rank.

    Attributes:
        items: the items, in the order of the data set.
        values: the prediction for each.
    """

    items: list[Item]
    values: list[Any]


Done = Callable[[int], None]
"""Is called with the number of items that have been predicted since the last call."""


def predict_items(
    model: DocFormerV2, task: ItemTask, pages: ItemPages, batch_size: int, done: Done = lambda count: None
) -> Predictions:
    """Predicts all items. Collective: all ranks call it with the same weights.

    Args:
        model: in evaluation mode, on the device on which it runs.
        batch_size: windows per batch.
        done: is told the progress of this rank: an item counts when its last window goes to the model.
    """
    rows = range(distributed.rank(), len(pages.items), distributed.world_size())
    mine: list[tuple[int, Any]] = []
    bad: list[str] = []
    for chunk in _chunks(rows, ITEMS_AT_ONCE):
        outputs = outputs_of(model, task, _windows_of_items(pages, task, model, chunk, bad, done), batch_size)
        mine += [(row, task.combine(pages.items[row].item, outputs[row])) for row in chunk]
    found = dict(pair for part in distributed.gather(mine) for pair in part)
    values = [task.combine(item, []) if row is None else found[row] for item, row in pages.listed]
    unread = [reason for part in distributed.gather(bad) for reason in part]
    if unread and distributed.rank() == 0:
        logger.warning(f"warning: {len(unread)} pages cannot be read, and are not part of the answers: {unread[0]}")
    return Predictions([item for item, _ in pages.listed], values)


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(values)
    while chunk := list(islice(left, size)):
        yield chunk


def _windows_of_items(
    pages: ItemPages, task: ItemTask, model: DocFormerV2, rows: Sequence[int], bad: list[str], done: Done
) -> Iterator[Window]:
    for row in rows:
        yield from _readable_windows(pages, task, model, row, bad)
        done(1)


def _readable_windows(
    pages: ItemPages, task: ItemTask, model: DocFormerV2, row: int, bad: list[str]
) -> Iterator[Window]:
    for number in sorted(pages.items[row].rows):
        try:
            yield from windows_of(task, model, pages.page(row, number), row)
        except (SchemaError, SampleError) as error:
            bad.append(f"{pages.items[row].item.id}: {error}")


def windows_of(task: ItemTask, model: DocFormerV2, sample: ItemSample, row: int) -> Iterator[Window]:
    """Yields the windows of a page of an item.

    Args:
        row: identifies the item in the result of `outputs_of`.

    Raises:
        SampleError: the image of the page cannot be decoded.
    """
    for example in task.windows(sample):
        yield Window(row, sample.number, with_image(example, sample, task, model.config))


def outputs_of(
    model: DocFormerV2, task: ItemTask, windows: Iterable[Window], batch_size: int
) -> dict[int, list[Output]]:
    """Returns number of the page, example and output of the windows of each item, by `Window.row`.

    Only a part of the windows is held with images at a time; the examples that are returned have none.

    Args:
        windows: may be made while they are used.
        batch_size: windows per batch.
    """
    device = next(model.parameters()).device
    outputs: dict[int, list[Output]] = defaultdict(list)
    for held in _chunks(windows, max(WINDOWS_AT_ONCE, batch_size)):
        ordered = sorted(held, key=lambda window: len(window.example.input_ids))
        for part in _chunks(ordered, batch_size):
            batch = to_device(collate([window.example for window in part], task), device)
            for window, output in zip(part, task.predict(model, batch), strict=True):
                outputs[window.row].append((window.number, replace(window.example, page=None), output))
    return outputs


def scores_of(task: ItemTask, found: Predictions, has_truth: Callable[[Item], bool]) -> dict[str, float]:
    """Returns the scores of the predictions for the items whose truth is known; none if there is no such item.

    Logs how many items are not scored, and how many are cut.

    Args:
        has_truth: see `DataSet.has_truth`.
    """
    log_cuts(task, found.items, "items")
    known = [pair for pair in zip(found.items, found.values, strict=True) if has_truth(pair[0])]
    if missing := len(found.items) - len(known):
        total = len(found.items)
        logger.warning(f"warning: the truth of {missing:,} of {total:,} items is not in the data: they are not scored")
    return task.scores([item for item, _ in known], [value for _, value in known]) if known else {}


def log_cuts(task: ItemTask, items: Sequence[Item], what: str) -> None:
    """Logs how many of some items are cut.

    Args:
        what: names the items, such as `items to train on`.
    """
    for cut, number in task.cuts(items).items():
        if number:
            logger.warning(f"warning: {number:,} of {len(items):,} {what} {cut}")


class Scoring:
    """Scores a run on its held-out items, and exports the model whenever it is better than before.

    Args:
        task: the task of the run.
        pages: the held-out items.
        name: value of `--task`.
        tokenizer: exported with the model.
        run_dir: directory of the run.
        batch_size: windows per batch.
        boxes: value of `--boxes`.
    """

    def __init__(
        self,
        task: ItemTask,
        pages: ItemPages,
        name: str,
        tokenizer: Tokenizer,
        run_dir: Path,
        batch_size: int,
        boxes: Boxes,
    ) -> None:
        self.task, self.pages, self._name, self._boxes = task, pages, name, boxes
        self._tokenizer, self._dir, self._batch_size = tokenizer, run_dir, batch_size

    def run(self, engine: Any, step: int) -> dict[str, float]:
        """Scores the weights of the engine. Collective: all ranks call it, and all get the scores.

        Returns:
            `val_<name>` for each score of the task.
        """
        started = time.monotonic()
        model = DocFormerV2(engine.module.config, self.task.make_heads)
        weights = full_weights(engine)
        for name, parameter in model.named_parameters():
            parameter.data.copy_(weights[name])
        model.to(engine.device).eval()
        found = predict_items(model, self.task, self.pages, self._batch_size)
        scores = self.task.scores(found.items, found.values)
        if distributed.rank() == 0:
            self._keep_best(model, scores[self.task.metric], step)
            seconds = duration(time.monotonic() - started)
            logger.info(f"step {step}: {len(found.items)} items scored in {seconds}: {shown(scores)}")
        return {f"val_{name}": value for name, value in scores.items()}

    def _keep_best(self, model: DocFormerV2, value: float, step: int) -> None:
        if (best := read_best(self._dir)) is not None and (best["step"] == step or best["value"] >= value):
            return
        model.cpu()
        record = {"task": self._name, "settings": self.task.record(), "boxes": self._boxes}
        export_model(model, self._tokenizer, self._dir / MODEL_DIR, step, record)
        row = {"step": step, "metric": self.task.metric, "value": value}
        (self._dir / BEST_NAME).write_text(json.dumps(row) + "\n")


def make_scoring(prepared: PreparedRun) -> Scoring | None:
    """Returns the scoring of a run, or None if it trains on corpora."""
    pages, trained, config = prepared.corpora[0].held_out, prepared.corpora[0].train, prepared.config
    if not isinstance(pages, ItemPages) or not isinstance(trained, ItemPages):
        return None
    config = cast(FinetuneConfig, config)
    task, run_dir = cast(ItemTask, prepared.task), Path(config.output)
    for items, what in ((trained, "items to train on"), (pages, "items to evaluate on")):
        log_cuts(task, [item for item, _ in items.listed], what)
    return Scoring(task, pages, config.task, prepared.tokenizer, run_dir, prepared.micro_batch, config.boxes)


def read_best(run_dir: Path) -> dict[str, Any] | None:
    """Returns `step`, `metric` and `value` of the best model of a run; None if none has been scored."""
    try:
        return json.loads((run_dir / BEST_NAME).read_text())
    except (OSError, ValueError):
        return None


def shown(scores: dict[str, float]) -> str:
    """Returns scores as a text for people."""
    return "no scores" if not scores else "  ".join(f"{name} {value:.4f}" for name, value in scores.items())


def write_predictions(found: Predictions, path: Path) -> None:
    """Writes a JSON line per item: its id, annotation and prediction."""
    with path.open("w", encoding="utf-8") as file:
        for item, value in zip(found.items, found.values, strict=True):
            row = {"id": item.id, "prediction": value, "annotation": item.annotation}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
