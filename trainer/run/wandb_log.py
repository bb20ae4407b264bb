"""The rows of a run on Weights & Biases, for those who ask for it. Nothing else here imports the package."""

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
    """Ends the program with the line that installs the package, where it is missing."""
    with needs_extra("wandb"):
        import wandb  # noqa: F401


def start_wandb(settings: RunSettings, resumed: bool) -> WandbLog | None:
    """Starts W&B on the first rank, where the settings ask for it. Before the ranks meet: a refusal then ends them all.

    Raises:
        UsageError: see `WandbLog`.
    """
    if not settings.wandb_project or distributed.rank() != 0:
        return None
    return WandbLog(settings.wandb_project, Path(settings.output), resumed, asdict(settings))


class WandbLog:
    """A run of a W&B project: the run in `run_dir`, however often that is resumed.

    Its id lies in `run_dir/wandb_id`. `WANDB_MODE=offline` needs no account and no network.

    Args:
        project: its name.
        run_dir: gets `wandb/`; its own name is the run's.
        resumed: go on with the run; else it is written anew.
        settings: of the run, to be shown beside it.

    Raises:
        UsageError: W&B does not take the run: no login, no network, no such entity.
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
                f"--wandb_project {project}: Weights & Biases does not take the run ({reason}). "
                "Log in with `wandb login`, or set WANDB_MODE=offline and upload later with `wandb sync`."
            ) from error

    def add(self, row: Mapping[str, Any]) -> None:
        """Records the numbers of a row at its step. W&B passes over steps that it has: a resumed run repeats some."""
        self._run.log({name: value for name, value in row.items() if isinstance(value, float)}, step=row["step"])

    def close(self, failed: bool) -> None:
        """Ends the run, as crashed where it `failed`."""
        self._run.finish(exit_code=int(failed))


def _run_id(run_dir: Path) -> str:
    """Returns the run's id. Drawn once and kept, not made of the path: in containers every run may lie at one path."""
    path = run_dir / ID_FILE
    if not path.exists():
        path.write_text(uuid.uuid4().hex + "\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()
