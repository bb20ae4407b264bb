"""Fine-tune DocFormerv2: `deepspeed trainer/finetune.py --task funsd --data DIR --model MODEL_DIR --output RUN`.

`--help` lists the flags. The training loop is that of `pretrain.py`; the items of the data set take the place of the
pages of a corpus.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # see trainer/pretrain.py

from trainer.startup import needs_extra

with needs_extra("train"):
    from trainer.launcher import Launcher

LAUNCHER = Launcher()  # before the other imports, which take seconds: the launcher may end during them

with needs_extra("train"):
    from trainer.pretrain import run
    from trainer.run.command import run_command
    from trainer.run.finetuning.items import finetuning, open_items
    from trainer.run.setup import prepare
    from trainer.settings.finetune import FinetuneConfig
    from trainer.settings.reading.finetune_command import parse_command_line


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    return run_command(lambda: finetune(parse_command_line(argv)))


def finetune(config: FinetuneConfig) -> int:
    """Trains on the items of a data set. Returns the exit code. All ranks call it.

    Raises:
        UsageError: the settings do not match the data, the model or an earlier start of this run.
        FolioError: training failed.
    """
    started = time.monotonic()
    return run(prepare(config, open_items, finetuning), LAUNCHER, started)


if __name__ == "__main__":
    sys.exit(main())
