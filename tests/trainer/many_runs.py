"""Script for the launcher: runs all command lines of a plan by `trainer.pretrain.main` in the same processes.

A command line with `--task` is run by `trainer.finetune.main`.

Runs whose name begins with `faulty` get the gradients of `faulty_gradients`.
"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

    import torch

    from tests.trainer.faulty_gradients import faulty_gradients
    from trainer import distributed, finetune, pretrain

    plan, results = (Path(argument) for argument in sys.argv[-2:])
    linear = torch.nn.functional.linear
    codes = {}
    for name, argv in json.loads(plan.read_text()).items():
        torch.nn.functional.linear = linear  # ZeRO 3 replaces it by its own, which rounds differently in bf16
        with faulty_gradients(Path(argv[argv.index("--output") + 1])) if name.startswith("faulty") else nullcontext():
            codes[name] = (finetune if "--task" in argv else pretrain).main(argv)
    if distributed.rank() == 0:
        results.write_text(json.dumps(codes))
