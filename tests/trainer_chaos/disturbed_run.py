"""A run with the real launcher that can be killed or stopped, and the checkpoint from which it must resume."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.support.commands import LIMIT_S
from tests.trainer.launches import PRETRAIN, environment, launcher, rows
from trainer.checkpoints.manifest import MANIFEST, Checkpoint

POLL_S = 0.002
SETTINGS = (
    *("--model", "tiny", "--global_batch", "8", "--micro_batch", "2", "--log_every", "1", "--tensorboard", "false"),
    *("--val_share", "0", "model.image_height=64", "model.image_width=96", "objectives.max_text_tokens=32"),
)


class DisturbedRun:
    """One run directory and its command.

    Attributes:
        arguments: arguments of `pretrain.py`.
        printed: output of the last finished start.

    Args:
        corpus: the corpus.
        output: directory of the run.
        flags: flags beyond `SETTINGS`.
    """

    def __init__(self, corpus: Path, output: Path, *flags: str) -> None:
        self.output = output
        self.checkpoints = output / "checkpoints"
        cache = ["--cache_dir", str(output.parent / "cache")]
        self.arguments = ["--corpus", str(corpus), "--output", str(output), *SETTINGS, *cache, *flags]
        self.printed = ""
        self.started = 0.0

    def start(self, launch: list[str] | None = None) -> subprocess.Popen[bytes]:
        """Starts the command in a new session. Its output goes to `OUTPUT.log`.

        Args:
            launch: the launcher's command; None: that of DeepSpeed with 2 ranks.
        """
        self.started = time.time()
        with self.output.with_suffix(".log").open("wb") as log:
            return subprocess.Popen(
                [*(launch or launcher(2)), str(PRETRAIN), *self.arguments],
                cwd=self.output.parent,
                env=environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, process: subprocess.Popen[bytes]) -> int:
        """Waits until the command ends and reads its output. Returns its exit code."""
        try:
            return process.wait(LIMIT_S)
        finally:
            kill(process)
            self.printed = self.output.with_suffix(".log").read_text()

    def until(self, process: subprocess.Popen[bytes], found: Callable[[], Any]) -> Any:
        """Waits until `found` returns something true, and returns it.

        Raises:
            AssertionError: the process ended before, or the time is up.
        """
        deadline = time.monotonic() + LIMIT_S
        while not (result := found()):
            if process.poll() is not None or time.monotonic() > deadline:
                kill(process)
                raise AssertionError(f"{self.output} ended early: {self.output.with_suffix('.log').read_text()}")
            time.sleep(POLL_S)
        return result

    def until_step(self, process: subprocess.Popen[bytes], step: int) -> None:
        """Waits until a step was logged."""
        log = self.output.with_suffix(".log")
        self.until(process, lambda: "a batch of" in log.read_text())  # now the rows of an earlier start are dropped
        self.until(process, lambda: self.steps() >= step)

    def save_in_progress(self) -> Path | None:
        """Returns the directory of a save that is in progress, or None.

        Ignores directories that an earlier start has left and those that are being removed.
        """
        newest = max(self.checkpoints.glob("step-*"), default=None)
        with suppress(FileNotFoundError):
            if newest and not (newest / MANIFEST).exists() and newest.stat().st_mtime > self.started:
                return newest
        return None

    def newest_sound(self) -> int:
        """Returns the step of the newest sound checkpoint, or 0 if there is none. Reads all bytes."""
        for path in sorted(self.checkpoints.glob("step-*"), reverse=True):
            checkpoint = Checkpoint.read(path)
            if checkpoint is not None and checkpoint.damage(path) is None:
                return checkpoint.step
        return 0

    def steps(self) -> int:
        """Returns the number of logged steps."""
        return len(rows(self.output)) if (self.output / "log.jsonl").is_file() else 0

    def rows(self) -> list[dict[str, Any]]:
        """Returns the rows of the log without the measurements of time and memory."""
        kept = ("step", "loss", "loss_denoise", "loss_line", "loss_grid", "grad_norm", "samples", "batch_id", "lr")
        return rows(self.output, *kept)

    def kill_in_a_save(self, saves: int, moment_s: float) -> str:
        """Starts the run and kills all its processes during a save.

        Args:
            saves: number of saves to complete first.
            moment_s: seconds after the start of the next save.

        Returns:
            How much of the save existed, as in `step-00000004 had 3 files`.
        """
        process = self.start()
        for _ in range(saves):
            path = self.until(process, self.save_in_progress)
            self.until(process, (path / MANIFEST).exists)
        path = self.until(process, self.save_in_progress)
        time.sleep(moment_s)
        kill(process)
        self.printed = self.output.with_suffix(".log").read_text()
        if (path / MANIFEST).exists():
            return f"{path.name} was complete"
        return f"{path.name} had {sum(file.is_file() for file in path.rglob('*'))} files"

    def kill_at_step(self, step: int, moment_s: float) -> None:
        """Starts the run and kills all its processes `moment_s` seconds after a step was logged."""
        process = self.start()
        self.until(process, lambda: self.steps() >= step)
        time.sleep(moment_s)
        kill(process)

    def stop_by_sigterm(self, step: int, rank: int) -> int:
        """Starts the run and sends SIGTERM to one rank after a step was logged. Returns the launcher's exit code."""
        process = self.start()
        self.until_step(process, step)
        processes = psutil.Process(process.pid).children(recursive=True)
        next(p for p in processes if f"--local_rank={rank}" in p.cmdline()).send_signal(signal.SIGTERM)
        return self.wait(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills the launcher, the ranks and their workers, like a power failure."""
    with suppress(psutil.NoSuchProcess):
        launcher_process = psutil.Process(process.pid)
        processes = [launcher_process, *launcher_process.children(recursive=True)]
        for member in processes:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(processes[1:], LIMIT_S)
    process.wait(LIMIT_S)


def flip_a_byte(path: Path, choice: random.Random) -> None:
    """Changes one random byte of a file in place."""
    position = choice.randrange(path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0x40]))
