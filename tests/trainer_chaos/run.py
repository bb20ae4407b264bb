"""Strikes runs of the trainer on two ranks and compares what they do afterwards with runs that nothing struck.

python -m tests.trainer_chaos.run --kills 10 --seed 0

* One run is killed in mid-save at `--kills` random moments; each start must go on from the newest sound checkpoint.
  Then it is told to stop by SIGTERM, then its newest checkpoint is damaged, and then it may finish.
* A run of each ZeRO stage in fp32 and bf16 is killed at a random moment between two saves.
* One run's disk is full at its second checkpoint, and has room again.

The losses of all of them must be bit for bit those of undisturbed runs. Exit code 1 if anything is otherwise.
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
from tests.trainer_chaos.struck import StruckRun, flip_a_byte

KINDS = {
    (dtype, stage): ("--dtype", dtype, "--zero_stage", str(stage)) for dtype in ("fp32", "bf16") for stage in (1, 2, 3)
}
STEPS, SAVE_EVERY = 8, 3
CHAIN_STEPS = 40  # of the run that saves after each step
SAVE_S = 0.25  # a save takes longer
ENOUGH, TOO_LITTLE = "1g", "150m"  # a checkpoint takes 106 MB


@dataclass
class Chaos:
    """Runs of one corpus, struck at moments that a seed decides."""

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

    def run(self, name: str, *flags: str, work: Path | None = None) -> StruckRun:
        """Returns a run of its own directory."""
        return StruckRun(self.work / "corpus", (work or self.work) / name, *flags)

    def flags(self, dtype: str, stage: int) -> list[str]:
        """Returns what a run of a few steps is asked for."""
        return [*KINDS[dtype, stage], "--max_steps", str(STEPS), "--save_every", str(SAVE_EVERY)]

    def chain_flags(self) -> list[str]:
        """Returns what the run that is killed in mid-save is asked for."""
        return ["--max_steps", str(CHAIN_STEPS), "--save_every", "1", "--keep_last", "3"]

    def strike_saves(self, kills: int) -> None:
        """Kills in mid-save, stops, damages, and finishes one run."""
        run = self.run("chain", *self.chain_flags())
        number = 0
        while number < kills:
            sound = run.newest_sound()
            left = run.kill_in_a_save(self.random.randint(0, 1), self.random.uniform(0, SAVE_S))
            number += not left.endswith("complete")
            self.say(f"kill {number}: {left}; {run.newest_sound()} is the newest sound checkpoint")
            self.expect(not sound or f"resumed after step {sound} of" in run.printed, f"kill {number}: from {sound}")
        sound = run.newest_sound()
        run.stop_politely(sound + 1, rank=1)
        self.expect(f"resumed after step {sound} of" in run.printed, f"SIGTERM: from {sound}")
        self.expect((run.output / "stopped.json").exists() and run.newest_sound() == run.steps(), "SIGTERM saves once")
        newest = run.checkpoints / f"step-{run.newest_sound():08d}"
        victim = self.random.choice(sorted(newest.glob("*.pt")))
        flip_a_byte(victim, self.random)
        self.finish(run, "chain", f"{newest.name} is damaged: {victim.name} has changed; trying the one before it")

    def strike_between_saves(self, kind: tuple[str, int]) -> None:
        """Kills between two saves and finishes."""
        run = self.run(str(kind), *self.flags(*kind))
        step = self.random.randint(SAVE_EVERY + 1, 2 * SAVE_EVERY - 1)
        run.kill_at_step(step, self.random.uniform(0, 0.05))
        self.say(f"{kind}: killed after step {run.steps()}, {run.newest_sound()} is the newest sound checkpoint")
        self.finish(run, str(kind), f"resumed after step {run.newest_sound()} of {STEPS}")

    def fill_the_disk(self, disk: SmallDisk) -> None:
        """Fills the disk by the second checkpoint, and finishes when there is room."""
        kind = ("fp32", 1)
        run = self.run("RUN", *self.flags(*kind), work=disk.path)
        code = run.wait(run.start())
        said = next((line for line in run.printed.splitlines() if line.startswith("error: ")), "no error")
        self.say(f"full disk, exit code {code}: {said}")
        self.expect(code == 1 and f"goes on from step-{SAVE_EVERY:08d}, which stays" in said, "the full disk is said")
        self.expect(run.newest_sound() == SAVE_EVERY and "Traceback" not in run.printed, "the earlier checkpoint stays")
        disk.resize(ENOUGH)
        self.finish(run, str(kind), f"resumed after step {SAVE_EVERY} of {STEPS}")

    def finish(self, run: StruckRun, whole: str, said: str) -> None:
        """Lets a run end and compares it with the one that nothing struck."""
        code = run.wait(run.start())
        self.expect(code == 0, f"{whole}: exit code {code}: {run.printed[-1000:]}")
        self.expect(said in run.printed, f"{whole}: {said}")
        self.expect(run.rows() == self.whole[whole], f"{whole}: the losses bit for bit")

    def expect(self, holds: bool, what: str) -> None:
        """Notes what does not hold."""
        if not holds:
            self.wrong.append(what)
            self.say(f"WRONG: {what}")

    def say(self, line: str) -> None:
        """Tells the person who watches."""
        sys.stderr.write(line + "\n")


def main() -> int:
    """Strikes all there is to strike; returns 1 if something came out wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trainer-chaos-") as work:
        chaos = Chaos(Path(work), flags.seed)
        chaos.strike_saves(flags.kills)
        for kind in KINDS:
            chaos.strike_between_saves(kind)
        try:
            with small_disk(Path(work, "disk"), TOO_LITTLE) as disk:
                chaos.fill_the_disk(disk)
        except pytest.skip.Exception as reason:
            chaos.say(f"no full disk: {reason}")
    told = f"{flags.kills} kills in mid-save, {len(KINDS)} between saves, SIGTERM, a damaged checkpoint, a full disk"
    sys.stdout.write(f"{told}: {len(chaos.wrong)} wrong\n")
    return bool(chaos.wrong)


if __name__ == "__main__":
    sys.exit(main())
