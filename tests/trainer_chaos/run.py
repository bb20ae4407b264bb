"""Disturbs runs of the trainer on two ranks and compares their results with those of undisturbed runs.

python -m tests.trainer_chaos.run --kills 10 --seed 0

* One run is killed during a save at `--kills` random moments. Each start must resume from the newest sound checkpoint.
  Then it is stopped by SIGTERM, then its newest checkpoint is damaged, and then it finishes.
* One run of each ZeRO stage in fp32 and bf16 is killed at a random moment between two saves.
* The disk of one run is full at its second checkpoint, and then gets more space.

The losses of all these runs must be bit-identical to those of undisturbed runs. The exit code is 1 otherwise.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.corpora import write_corpus
from tests.support.disks import SmallDisk, small_disk
from tests.trainer.launches import run_many
from tests.trainer_chaos.disturbed_run import DisturbedRun, flip_a_byte

KINDS = {
    (dtype, stage): ("--dtype", dtype, "--zero_stage", str(stage)) for dtype in ("fp32", "bf16") for stage in (1, 2, 3)
}
STEPS, SAVE_EVERY = 8, 3
CHAIN_STEPS = 40  # steps of the run that saves after each step
SAVE_S = 0.25  # a save takes longer than this
ENOUGH, TOO_LITTLE = "1g", "150m"  # disk sizes; a checkpoint takes 106 MB


@dataclass
class Chaos:
    """Runs on one corpus that are disturbed at moments given by a seed.

    Attributes:
        work: working directory.
        seed: seed of the moments.
        wrong: descriptions of all failed checks.
    """

    work: Path
    seed: int
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        write_corpus(self.work / "corpus", pages=24, words=20, long_side=128)
        whole = {f"whole {kind}": self.run(f"whole {kind}", *self.flags(*kind)) for kind in KINDS}
        whole["whole chain"] = self.run("whole chain", *self.chain_flags())
        codes, printed = run_many({name: run.arguments for name, run in whole.items()}, 2, self.work)
        assert set(codes.values()) == {0}, printed
        self.whole = {name.removeprefix("whole "): run.rows() for name, run in whole.items()}

    def run(self, name: str, *flags: str, work: Path | None = None) -> DisturbedRun:
        """Returns a run with its own directory.

        Args:
            name: name of the directory.
            flags: flags of the run beyond `SETTINGS`.
            work: parent directory; None: that of the other runs.
        """
        return DisturbedRun(self.work / "corpus", (work or self.work) / name, *flags)

    def flags(self, dtype: str, stage: int) -> list[str]:
        """Returns the flags of a run of a few steps."""
        return [*KINDS[dtype, stage], "--max_steps", str(STEPS), "--save_every", str(SAVE_EVERY)]

    def chain_flags(self) -> list[str]:
        """Returns the flags of the run that is killed during saves."""
        return ["--max_steps", str(CHAIN_STEPS), "--save_every", "1", "--keep_last", "3"]

    def disturb_saves(self, kills: int) -> None:
        """Kills one run during saves, stops it, damages its newest checkpoint and lets it finish."""
        run = self.run("chain", *self.chain_flags())
        number = 0
        while number < kills:
            sound = run.newest_sound()
            left = run.kill_in_a_save(self.random.randint(0, 1), self.random.uniform(0, SAVE_S))
            number += not left.endswith("complete")
            self.report(f"kill {number}: {left}; {run.newest_sound()} is the newest sound checkpoint")
            resumed = not sound or f"resumed after step {sound} of" in run.printed
            self.expect(resumed, f"kill {number}: resumed from {sound}")
        sound = run.newest_sound()
        run.stop_by_sigterm(sound + 1, rank=1)
        self.expect(f"resumed after step {sound} of" in run.printed, f"SIGTERM: resumed from {sound}")
        self.expect((run.output / "stopped.json").exists() and run.newest_sound() == run.steps(), "SIGTERM saves once")
        newest = run.checkpoints / f"step-{run.newest_sound():08d}"
        victim = self.random.choice(sorted(newest.glob("*.pt")))
        flip_a_byte(victim, self.random)
        self.finish(run, "chain", f"{newest.name} is damaged: {victim.name} has changed; trying the previous one")

    def kill_between_saves(self, kind: tuple[str, int]) -> None:
        """Kills a run between two saves and lets it finish."""
        run = self.run(str(kind), *self.flags(*kind))
        step = self.random.randint(SAVE_EVERY + 1, 2 * SAVE_EVERY - 1)
        run.kill_at_step(step, self.random.uniform(0, 0.05))
        self.report(f"{kind}: killed after step {run.steps()}, {run.newest_sound()} is the newest sound checkpoint")
        self.finish(run, str(kind), f"resumed after step {run.newest_sound()} of {STEPS}")

    def fill_the_disk(self, disk: SmallDisk) -> None:
        """Starts a run whose disk is full at the second checkpoint, enlarges the disk and lets the run finish."""
        kind = ("fp32", 1)
        run = self.run("RUN", *self.flags(*kind), work=disk.path)
        code = run.wait(run.start())
        error = next((line for line in run.printed.splitlines() if line.startswith("error: ")), "no error")
        self.report(f"full disk, exit code {code}: {error}")
        kept = f"to resume from step-{SAVE_EVERY:08d}, which was kept"
        self.expect(code == 1 and kept in error, "the full disk is reported")
        sound = run.newest_sound()
        self.expect(sound == SAVE_EVERY and "Traceback" not in run.printed, "the earlier checkpoint is kept")
        disk.resize(ENOUGH)
        self.finish(run, str(kind), f"resumed after step {SAVE_EVERY} of {STEPS}")

    def finish(self, run: DisturbedRun, whole: str, message: str) -> None:
        """Lets a run finish and compares it with the undisturbed one.

        Args:
            run: the disturbed run.
            whole: name of the undisturbed run.
            message: text that the disturbed run must print.
        """
        code = run.wait(run.start())
        self.expect(code == 0, f"{whole}: exit code {code}: {run.printed[-1000:]}")
        self.expect(message in run.printed, f"{whole}: {message}")
        self.expect(run.rows() == self.whole[whole], f"{whole}: bit-identical losses")

    def expect(self, holds: bool, what: str) -> None:
        """Records a check that failed.

        Args:
            holds: the result of the check.
            what: description of the check.
        """
        if not holds:
            self.wrong.append(what)
            self.report(f"WRONG: {what}")

    def report(self, line: str) -> None:
        """Prints a line for the user."""
        sys.stderr.write(line + "\n")


def main() -> int:
    """Runs all disturbances. Returns 1 if a check failed, otherwise 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trainer-chaos-") as work:
        chaos = Chaos(Path(work), flags.seed)
        chaos.disturb_saves(flags.kills)
        for kind in KINDS:
            chaos.kill_between_saves(kind)
        try:
            with small_disk(Path(work, "disk"), TOO_LITTLE) as disk:
                chaos.fill_the_disk(disk)
        except pytest.skip.Exception as reason:
            chaos.report(f"no full disk: {reason}")
    summary = (
        f"{flags.kills} kills during saves, {len(KINDS)} between saves, SIGTERM, a damaged checkpoint, a full disk"
    )
    sys.stdout.write(f"{summary}: {len(chaos.wrong)} wrong\n")
    return bool(chaos.wrong)


if __name__ == "__main__":
    sys.exit(main())
