"""The log of a run: for each logged step a JSON line, TensorBoard events, W&B, and a readable line on the terminal."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from schemas.support.duration import duration
from trainer.run.records.wandb_log import WandbLog

logger = logging.getLogger("trainer")

LOG_NAME = "log.jsonl"


class RunLog:
    """Writes rows of numbers. It is a context manager that closes its files at the end.

    Args:
        run_dir: gets `log.jsonl` and `tensorboard/`; None: write nothing (all ranks except the first).
        max_steps: steps of the whole run, for the estimate of the time left.
        resume_step: rows of later steps, which an interrupted run left, are dropped. This run repeats these steps.
        tensorboard: whether to write TensorBoard events, too.
        wandb: also gets the rows; closed with the log.
        unit: what the run reads: `pages` or `items`.
    """

    def __init__(
        self,
        run_dir: Path | None,
        *,
        max_steps: int,
        resume_step: int,
        tensorboard: bool,
        wandb: WandbLog | None = None,
        unit: str = "pages",
    ) -> None:
        self.max_steps = max_steps
        self._unit = unit
        self._wandb = wandb
        self._file = self._events = None
        if run_dir is not None:
            self._file = open_at(run_dir / LOG_NAME, resume_step)
        if run_dir is not None and tensorboard:
            from torch.utils.tensorboard import SummaryWriter

            self._events = SummaryWriter(str(run_dir / "tensorboard"), purge_step=resume_step + 1)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        for sink in (self._file, self._events):
            if sink is not None:
                sink.close()
        if self._wandb is not None:
            self._wandb.close(failed=error is not None)

    def training(self, row: dict[str, Any]) -> None:
        """Records the row of a training step."""
        self._record(row)
        logger.info(training_line(row, self.max_steps))

    def validation(self, row: dict[str, Any]) -> None:
        """Records the row of an evaluation."""
        self._record(row)
        logger.info(validation_line(row, self._unit))

    def _record(self, row: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json_line(row))
            self._file.flush()
        if self._events is not None:
            for name, value in row.items():
                if isinstance(value, float):
                    self._events.add_scalar(name, value, row["step"])
        if self._wandb is not None:
            self._wandb.add(row)


def open_at(path: Path, step: int) -> TextIO:
    """Opens a file of rows to append rows after `step`. Drops the rows of later steps."""
    if path.exists():
        kept = path.with_suffix(".tmp")
        rows = (row for row in read_rows(path) if row["step"] <= step)
        kept.write_text("".join(map(json_line, rows)), encoding="utf-8")
        kept.replace(path)
    return path.open("a", encoding="utf-8")


def drop_later_rows(path: Path, step: int) -> int:
    """Drops the rows of steps after `step` from a file, if it exists. Returns the number of rows that are left."""
    if not path.exists():
        return 0
    open_at(path, step).close()
    return len(read_rows(path))


def json_line(row: dict[str, Any]) -> str:
    """Returns a row as a line of JSON. Values that are not finite become null."""
    return json.dumps({name: _rounded(value) for name, value in row.items()}) + "\n"


def read_log(run_dir: Path) -> list[dict[str, Any]]:
    """Returns the rows of the log of a run."""
    return read_rows(run_dir / LOG_NAME)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Returns the rows of a file. Omits lines that are not a row, as left by a killed run or a full disk."""
    lines = path.read_bytes().splitlines(keepends=True)
    rows = (_row(line) for line in lines if line.endswith(b"\n"))
    return [row for row in rows if row is not None]


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("step"), int) else None


def training_line(row: dict[str, Any], max_steps: int) -> str:
    """Returns a training row as one readable line. It fits 160 columns, so some values are only in the files."""
    left_s = (max_steps - row["step"]) * row["step_s"]
    mfu = [f"mfu {row['mfu']:.0%}"] if "mfu" in row else []
    fields = [
        f"step {row['step']:>{len(str(max_steps))}}/{max_steps}",
        f"loss {_digits(row['loss'], 3)}",
        *_objectives(row, percent_decimals=0),
        f"lr {row['lr']:.1e}".replace("e-0", "e-"),
        f"grad {_digits(row['grad_norm'], 2)}",
        f"{_digits(row['pages_per_s'], 2)} pages/s",
        *mfu,
        f"data {row['data_wait']:.0%}",
        f"{duration(left_s)} left",
    ]
    return "  ".join(fields)


def validation_line(row: dict[str, Any], unit: str = "pages") -> str:
    """Returns a validation row as one readable line. `unit`: see `RunLog`."""
    fields = [
        f"step {row['step']} on {row['val_pages']} held-out {unit}",
        f"loss {_digits(row['val_loss'], 3)}",
        *_objectives(row, "val_"),
    ]
    return "  ".join(fields)


def _objectives(row: dict[str, Any], prefix: str = "", percent_decimals: int = 1) -> list[str]:
    return [
        f"{name} {_digits(row[f'{prefix}loss_{name}'], 3)} ({row[f'{prefix}acc_{name}']:.{percent_decimals}%})"
        for name in objective_names(row, prefix)
    ]


def _digits(value: float, decimals: int) -> str:
    """Returns a number with fewer decimals if it is large, and with an exponent from 1e6 on."""
    if not abs(value) < 1e6:  # true for nan, too
        return f"{value:.0e}"
    places = len(str(int(abs(value))))
    return f"{value:.{max(0, decimals + 1 - places)}f}"


def objective_names(row: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Returns the names of the objectives of a row, in the order of its keys `loss_<name>`.

    Args:
        prefix: `val_` for a validation row, whose keys are `val_loss_<name>`.
    """
    start = f"{prefix}loss_"
    return [name.removeprefix(start) for name in row if name.startswith(start)]


def _rounded(value: Any) -> Any:
    # Nine digits distinguish any two float32 values: rows are equal only if the runs are equal.
    if not isinstance(value, float):
        return value
    return float(f"{value:.9g}") if math.isfinite(value) else None
