"""Logs the rows of a run to Weights & Biases, if requested. No other module imports the package `wandb`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from schemas import UsageError
from trainer import distributed
from trainer.settings.run import RunSettings
from trainer.startup import needs_extra

ID_FILE = "wandb_id"


def require_wandb() -> None:
    """Ends the program if the package is not installed, and prints the command that installs it."""
    with needs_extra("wandb"):
        import wandb  # noqa: F401


def start_wandb(settings: RunSettings, resumed: bool) -> WandbLog | None:
    """Starts W&B on the first rank, if the settings request it. Otherwise returns None.

    Call it before the ranks are connected. If W&B rejects the run, the launcher then ends all ranks.

    Args:
        settings: of the run.
        resumed: whether the run is resumed.

    Raises:
        UsageError: see `WandbLog`.
    """
    if not settings.wandb_project or distributed.rank() != 0:
        return None
    return WandbLog(settings.wandb_project, Path(settings.output), resumed, asdict(settings))


class WandbLog:
    """The run in `run_dir` as a run of a W&B project. It stays the same W&B run when it is resumed.

    Its id is stored in `run_dir/wandb_id`. `WANDB_MODE=offline` needs no account and no network.

    Args:
        project: name of the project.
        run_dir: gets `wandb/`; its name is also the name of the run.
        resumed: True: continue the W&B run. False: overwrite it.
        settings: settings of the run, shown with it.

    Raises:
        UsageError: W&B rejects the run: no login, no network, or no such entity.
    """

    def __init__(self, project: str, run_dir: Path, resumed: bool, settings: Mapping[str, Any]) -> None:
        import wandb

        try:
            self._run = wandb.init(
                project=project,
                id=_run_id(run_dir),
                name=run_dir.resolve().name,
                dir=run_dir,
                config=dict(settings),
                resume="allow" if resumed else None,
                settings=wandb.Settings(console="off"),
            )
        except wandb.Error as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise UsageError(
                f"--wandb_project {project}: Weights & Biases rejects the run ({reason}). "
                "Log in with `wandb login`, or set WANDB_MODE=offline and upload later with `wandb sync`."
            ) from error

    def add(self, row: Mapping[str, Any]) -> None:
        """Records the numbers of a row. W&B ignores steps that it already has: a resumed run repeats some steps."""
        self._run.log({name: value for name, value in row.items() if isinstance(value, float)}, step=row["step"])

    def close(self, failed: bool) -> None:
        """Ends the W&B run.

        Args:
            failed: whether to mark it as crashed.
        """
        self._run.finish(exit_code=int(failed))


def _run_id(run_dir: Path) -> str:
    """Returns the id of the run.

    It is drawn at random once and stored. The path of the run cannot serve as id: in containers, all runs may have the
    same path.
    """
    path = run_dir / ID_FILE
    if not path.exists():
        path.write_text(uuid.uuid4().hex + "\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()
