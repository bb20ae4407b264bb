"""Score a fine-tuned model: `python -m trainer.evaluate --task funsd --data DIR --split test --model MODEL_DIR`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from typing import get_args

from trainer.startup import needs_extra

with needs_extra("train"):
    from schemas.support.home import expanded, expanded_path
    from schemas.support.progress import ProgressLine
    from trainer.data.items.pages import open_split
    from trainer.model.export import exported_in
    from trainer.run.command import DONE, run_command
    from trainer.run.finetuning.finetuned import load_finetuned
    from trainer.run.finetuning.scoring import predict_items, scores_of, shown, write_predictions
    from trainer.run.model_flags import add_model_flags, output_file
    from trainer.settings.data import DataSettings
    from trainer.tasks.answers.task import Answers
    from trainer.tasks.datasets import data_set_named
    from trainer.tasks.page_changes import Boxes, PageChanges

logger = logging.getLogger("trainer")

DESCRIPTION = """\
Score a fine-tuned model on a split of a data set, by the official metric.

  python -m trainer.evaluate --task funsd --data FUNSD --split test --model RUN

The scores are printed as a line of JSON. It is empty if the truth of the split is not in the data. --output writes the
prediction for each item, one JSON line per item.

How much a model owes to exact words and to their places is shown by pages with errors or without places:

  python -m trainer.evaluate ... --ocr_noise 0.1
  python -m trainer.evaluate ... --boxes shuffled"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code: 0 done, 1 failed, 2 wrong usage."""
    flags = _parser().parse_args(argv)
    return run_command(lambda: evaluate(flags), "run the same command again")


def evaluate(flags: argparse.Namespace) -> int:
    """Scores the model and prints the scores. Returns the exit code.

    Raises:
        UsageError: the model was fine-tuned for another task, or the data set has another layout.
        FolioError: the model or the pages cannot be read.
    """
    folder = exported_in(expanded_path(flags.model))
    finetuned = load_finetuned(folder, flags.task, flags.device)
    if isinstance(finetuned.task, Answers):
        finetuned.task.beams = flags.beams
    settings = DataSettings(cache_dir=flags.cache_dir)
    data_set = data_set_named(flags.task)
    split = open_split(data_set, expanded_path(flags.data), flags.split, str(folder), settings)
    boxes: Boxes = flags.boxes if finetuned.boxes == "kept" else "removed"
    pages = split.of(lambda _: True, PageChanges(flags.ocr_noise, boxes, flags.seed))
    with ProgressLine("predicted", "items", len(pages.items)) as progress:
        found = predict_items(finetuned.model, finetuned.task, pages, flags.batch_size, progress.add)
    scores = scores_of(finetuned.task, found, data_set.has_truth)
    if flags.output:
        write_predictions(found, flags.output)
    logger.info(f"{len(found.items)} items of {flags.task} {flags.split}: {shown(scores)}")
    sys.stdout.write(json.dumps(scores) + "\n")
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer.evaluate",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--task", required=True, help="name of the task, as in trainer/finetune.py")
    parser.add_argument("--data", required=True, metavar="DIR", help="folder of the data set as it was downloaded")
    parser.add_argument("--split", required=True, help="split of the data set")
    parser.add_argument("--model", required=True, metavar="DIR", help="a fine-tuned model, or the directory of its run")
    parser.add_argument(
        "--output", type=output_file, metavar="FILE", help="write the predictions to this file as JSON lines"
    )
    parser.add_argument("--cache_dir", default=expanded(DataSettings.cache_dir), help="cache folder (%(default)s)")
    parser.add_argument(
        "--ocr_noise",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="probability of an error of OCR at each word: wrong characters, or the word is left out, joined with the "
        "next one or split, as often as the OCR of Folio does each of these (%(default)s)",
    )
    parser.add_argument(
        "--boxes",
        choices=get_args(Boxes),
        default="kept",
        help="shuffled: each word of a page has the box of another one; removed: the model does not see where the "
        "words stand. A model that was fine-tuned with --boxes removed never sees it (%(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the errors and of the order of shuffled boxes (%(default)s)"
    )
    add_model_flags(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
