"""Run by the launcher: every command line of a plan through `trainer.pretrain.main`, in one set of processes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

    from trainer import distributed
    from trainer.pretrain import main

    plan, results = (Path(argument) for argument in sys.argv[-2:])
    codes = {name: main(argv) for name, argv in json.loads(plan.read_text()).items()}
    if distributed.rank() == 0:
        results.write_text(json.dumps(codes))
