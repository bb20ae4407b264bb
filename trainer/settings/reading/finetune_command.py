"""The command line of `finetune.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from schemas import FolioError, UsageError
from schemas.support.home import expanded_path
from trainer.model.config import MODEL_SIZES
from trainer.model.export import exported_in, read_config
from trainer.settings.finetune import FinetuneConfig
from trainer.settings.reading.command_line import Command, CommandLine, read_command_line, require_given
from trainer.settings.reading.loading import merged

NONE, DEFAULT_TOKENIZER = "none", "t5"
DESCRIPTION = """\
Fine-tune a model on the items of a data set: questions, labels of words, or fields.

  one process     python trainer/finetune.py --task funsd --data FUNSD --model PRETRAINED --output RUN
  all GPUs        deepspeed trainer/finetune.py --task docvqa --data DOCVQA --model PRETRAINED --output RUN
  untrained       python trainer/finetune.py --task funsd --data FUNSD --model none --size tiny --output RUN

PRETRAINED is an exported model (RUN/model of an earlier run) or the directory of a run. The data set is read as it was
downloaded. Its pages are built once and kept in --cache_dir."""

EPILOG = """\
Set any other setting with key=value: optimizer.learning_rate=1e-3, model.dropout=0.1. The model that is fine-tuned
decides its sizes.

The run writes to RUN: log.jsonl, tensorboard/, checkpoints/, loss.png, and the best model by the metric of the task to
model/. best.json names its step and score. trainer.evaluate scores it on another split.
Exit codes: 0 done, 1 failed, or stopped by a signal or --max_hours (only then RUN/stopped.json exists), 2 wrong usage,
130 stopped by Ctrl-C."""

FINETUNE = Command(
    kind=FinetuneConfig,
    usage="finetune.py --task NAME --data DIR --model MODEL_DIR|none --output RUN [flags] [a.b=c ...]",
    description=DESCRIPTION,
    epilog=EPILOG,
    own_flags={
        "model": "an exported model, the directory of a run, or none for an untrained model",
        "size": f"size of the untrained model: {', '.join(MODEL_SIZES)}",
    },
)


def parse_command_line(argv: Sequence[str] | None = None) -> FinetuneConfig:
    """Returns the settings of a command line. The sizes of the model are not those of `--model` yet.

    Args:
        argv: the words after the program's name; None: those of this process.

    Raises:
        UsageError: a flag, key or value is unknown, or a flag is missing.
    """
    typed = read_command_line(FINETUNE, argv)
    config = merged(_start(typed), "finetune.yaml", typed.config, typed.values, typed.overrides)
    require_given(config, ["task", "data", "output"])
    if config.tokenizer:
        return config
    return replace(
        config, tokenizer=str(exported_in(Path(config.init_from))) if config.init_from else DEFAULT_TOKENIZER
    )


def _start(typed: CommandLine) -> FinetuneConfig:
    """Returns the settings that `--model` and `--size` decide."""
    model, size = typed.own["model"], typed.own["size"]
    if model is None and typed.config is None:
        raise UsageError("--model is missing: name an exported model or a run, or none for an untrained model")
    if model in (None, NONE):
        if (size or "tiny") not in MODEL_SIZES:
            raise UsageError(f"--size {size}: choose one of {', '.join(MODEL_SIZES)}")
        return FinetuneConfig(model=MODEL_SIZES[size or "tiny"])
    if size is not None:
        raise UsageError(f"--size {size} is only for --model none: {model} decides its sizes")
    path = expanded_path(str(model))
    try:
        return FinetuneConfig(model=read_config(exported_in(path)), init_from=str(path))
    except FolioError as error:
        raise UsageError(f"--model {error}") from error
