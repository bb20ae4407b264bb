"""The command line of `pretrain.py`: flags set the top-level keys of the settings, `a.b=c` sets all others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from schemas import UsageError
from trainer.model.config import MODEL_SIZES
from trainer.settings.advice import advice_for
from trainer.settings.loading import load_config
from trainer.settings.pretrain import PretrainConfig, setting_types
from trainer.settings.training import flags, flags_by_part

DESCRIPTION = """\
Pretrain DocFormerv2 on a corpus with three objectives: denoising, token-to-line and token-to-grid.

  one process     python trainer/pretrain.py --corpus OUT --model tiny --output RUN
  all GPUs        deepspeed trainer/pretrain.py --corpus OUT --model small --output RUN
  2 CPU ranks     deepspeed --num_accelerators 2 trainer/pretrain.py --corpus OUT --model tiny --output RUN

Run the same command again to resume from the last checkpoint. SIGTERM, SIGHUP, SIGUSR1, the end of the launcher and
--max_hours save a checkpoint and stop."""

EPILOG = """\
Set any other setting with key=value: optimizer.learning_rate=1e-3, objectives.hidden_box_share=0, model.dropout=0.1,
deepspeed.zero_optimization.overlap_comm=true. trainer/configs/SIZE.yaml overrides the defaults in parentheses.
RUN/config.yaml contains all settings that a run used. The corpus decides the grid and the vocabulary of the model.

The run writes to RUN: log.jsonl (a row per logged step), tensorboard/, checkpoints/, loss.png and model/.
Exit codes: 0 done, 1 failed, or stopped by a signal or --max_hours (only then RUN/stopped.json exists), 2 wrong usage,
130 stopped by Ctrl-C."""


NO_VALUE = "--dry_run takes no value: omit it for a real run"


class _Parser(argparse.ArgumentParser):
    """Raises an error instead of exiting, because only one rank reports errors."""

    def error(self, message: str) -> NoReturn:
        flag, _, reason = message.removeprefix("argument ").partition(": ")
        if flag == "--dry_run":
            raise UsageError(NO_VALUE)
        if reason != "expected one argument":
            raise UsageError(message)
        expected = "true or false" if setting_types().get(flag[2:]) == "bool" else "a value"
        raise UsageError(f"{flag} needs {expected} after it; see --help")


def parse_command_line(argv: Sequence[str] | None = None) -> PretrainConfig:
    """Returns the settings of a command line.

    Args:
        argv: the words after the program's name; None: those of this process.

    Raises:
        UsageError: a flag, key, model size or value is unknown, or --corpus or --output is missing.
    """
    options, rest = _parser().parse_known_args(argv)
    overrides = [word for word in rest if not word.startswith("-")]
    unknown = [word for word in rest if word.startswith("-")]
    if unknown:
        name = unknown[0].partition("=")[0]
        raise UsageError(f"unknown flag {name}{advice_for(name, flag=True)}")
    if options.dry_run and {"true", "false"} & set(overrides):
        raise UsageError(NO_VALUE)
    values = {name: value for name in flags() if (value := getattr(options, name)) is not None}
    overrides += ["dry_run=true"] if options.dry_run else []
    config = load_config(options.model, options.config, values, overrides)
    for name in ("corpus", "output"):
        if not getattr(config, name):
            raise UsageError(f"--{name} is missing")
    return config


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pretrain.py",
        usage="[deepspeed|python] trainer/pretrain.py --corpus OUT --model SIZE --output RUN [flags] [a.b=c ...]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--model", default="small", metavar="SIZE", help=f"{', '.join(MODEL_SIZES)} (small)")
    parser.add_argument("--config", metavar="FILE", help="YAML file with any settings, such as RUN/config.yaml")
    parser.add_argument(
        "--dry_run", action="store_true", help="train for ten seconds, write nothing, print what the run needs"
    )
    # The launcher passes this flag. It is ignored: the environment contains the same number.
    parser.add_argument("--local_rank", help=argparse.SUPPRESS)
    for part, part_flags in flags_by_part().items():
        group = parser.add_argument_group(part)
        for name, text in part_flags.items():
            group.add_argument(f"--{name}", metavar="X", help=text, action="append" if name == "corpus" else "store")
    return parser
