"""The command line of `pretrain.py`."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.model.config import MODEL_SIZES
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.command_line import Command, read_command_line, require_given
from trainer.settings.reading.loading import load_config

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

PRETRAIN = Command(
    kind=PretrainConfig,
    usage="pretrain.py --corpus OUT --model SIZE --output RUN [flags] [a.b=c ...]",
    description=DESCRIPTION,
    epilog=EPILOG,
    own_flags={"model": f"{', '.join(MODEL_SIZES)} (small)"},
)


def parse_command_line(argv: Sequence[str] | None = None) -> PretrainConfig:
    """Returns the settings of a command line.

    Args:
        argv: the words after the program's name; None: those of this process.

    Raises:
        UsageError: a flag, key, model size or value is unknown, or --corpus or --output is missing.
    """
    typed = read_command_line(PRETRAIN, argv)
    config = load_config(typed.own["model"] or "small", typed.config, typed.values, typed.overrides)
    require_given(config, ["corpus", "output"])
    return config
