"""Run by the launcher: every command line of a plan through `trainer.pretrain.main`, in one set of processes.

Those whose name begins with `struck` meet the gradients of `strikes`.
"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

    import torch

    from tests.trainer.strikes import struck
    from trainer import distributed
    from trainer.pretrain import main

    plan, results = (Path(argument) for argument in sys.argv[-2:])
    linear = torch.nn.functional.linear
    codes = {}
    for name, argv in json.loads(plan.read_text()).items():
        torch.nn.functional.linear = linear  # ZeRO 3 leaves its own there, which rounds otherwise in bf16
        with struck(Path(argv[argv.index("--output") + 1])) if name.startswith("struck") else nullcontext():
            codes[name] = main(argv)
    if distributed.rank() == 0:
        results.write_text(json.dumps(codes))
