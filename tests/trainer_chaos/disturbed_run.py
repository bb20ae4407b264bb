"""A run under the real launcher that can be struck, and what it must go on from."""

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


class StruckRun:
    """One run directory and the command that works on it.

    Args:
        flags: beyond `SETTINGS`.
    """

    def __init__(self, corpus: Path, output: Path, *flags: str) -> None:
        self.output = output
        self.checkpoints = output / "checkpoints"
        self.arguments = ["--corpus", str(corpus), "--output", str(output), *SETTINGS, *flags]
        self.printed = ""
        self.started = 0.0

    def start(self) -> subprocess.Popen[bytes]:
        """Gives the command, in a session of its own; what it prints goes to `OUTPUT.log`."""
        self.started = time.time()
        with self.output.with_suffix(".log").open("wb") as log:
            return subprocess.Popen(
                [*launcher(2), str(PRETRAIN), *self.arguments],
                cwd=self.output.parent,
                env=environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, process: subprocess.Popen[bytes]) -> int:
        """Lets the command end and reads what it printed; returns its exit code."""
        try:
            return process.wait(LIMIT_S)
        finally:
            kill(process)
            self.printed = self.output.with_suffix(".log").read_text()

    def until(self, process: subprocess.Popen[bytes], found: Callable[[], Any]) -> Any:
        """Waits for what `found` returns to be true, and returns it."""
        deadline = time.monotonic() + LIMIT_S
        while not (result := found()):
            if process.poll() is not None or time.monotonic() > deadline:
                kill(process)
                raise AssertionError(f"{self.output} ended early: {self.output.with_suffix('.log').read_text()}")
            time.sleep(POLL_S)
        return result

    def half_saved(self) -> Path | None:
        """Returns the directory of a save under way: not what an earlier start has left, nor what is being removed."""
        newest = max(self.checkpoints.glob("step-*"), default=None)
        with suppress(FileNotFoundError):
            if newest and not (newest / MANIFEST).exists() and newest.stat().st_mtime > self.started:
                return newest
        return None

    def newest_sound(self) -> int:
        """Returns the step of the newest checkpoint all of whose bytes are there; 0 without one."""
        for path in sorted(self.checkpoints.glob("step-*"), reverse=True):
            checkpoint = Checkpoint.read(path)
            if checkpoint is not None and checkpoint.damage(path) is None:
                return checkpoint.step
        return 0

    def steps(self) -> int:
        """Returns how many steps are logged."""
        return len(rows(self.output)) if (self.output / "log.jsonl").is_file() else 0

    def rows(self) -> list[dict[str, Any]]:
        """Returns the log's rows without what is measured of time and memory."""
        kept = ("step", "loss", "loss_denoise", "loss_line", "loss_grid", "grad_norm", "samples", "batch_id", "lr")
        return rows(self.output, *kept)

    def kill_in_a_save(self, saves: int, moment_s: float) -> str:
        """Starts, and kills all processes `moment_s` seconds into the save that follows `saves` others.

        Returns:
            What was there of the save.
        """
        process = self.start()
        for _ in range(saves):
            path = self.until(process, self.half_saved)
            self.until(process, (path / MANIFEST).exists)
        path = self.until(process, self.half_saved)
        time.sleep(moment_s)
        kill(process)
        self.printed = self.output.with_suffix(".log").read_text()
        if (path / MANIFEST).exists():
            return f"{path.name} was complete"
        return f"{path.name} had {sum(file.is_file() for file in path.rglob('*'))} files"

    def kill_at_step(self, step: int, moment_s: float) -> None:
        """Starts, and kills all processes `moment_s` seconds after a step was logged."""
        process = self.start()
        self.until(process, lambda: self.steps() >= step)
        time.sleep(moment_s)
        kill(process)

    def stop_politely(self, step: int, rank: int) -> int:
        """Starts, and sends SIGTERM to one rank once a step is logged; returns the launcher's exit code."""
        process = self.start()
        log = self.output.with_suffix(".log")
        self.until(process, lambda: "a batch of" in log.read_text())  # now the rows of an earlier start are gone
        self.until(process, lambda: self.steps() >= step)
        family = psutil.Process(process.pid).children(recursive=True)
        next(p for p in family if f"--local_rank={rank}" in p.cmdline()).send_signal(signal.SIGTERM)
        return self.wait(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills launcher, ranks and their workers, as a machine that loses power does."""
    with suppress(psutil.NoSuchProcess):
        launched = psutil.Process(process.pid)
        family = [launched, *launched.children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family[1:], LIMIT_S)
    process.wait(LIMIT_S)


def flip_a_byte(path: Path, choice: random.Random) -> None:
    """Changes one byte of a file where it lies."""
    place = choice.randrange(path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0x40]))
