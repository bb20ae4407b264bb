"""Interrupts builds at random moments and compares their corpora with that of an undisturbed build.

python -m tests.chaos.run --kills 30 --seed 0

Each build is interrupted one to four times. Either a page process is killed and the build continues, or the launcher or
a Beam worker is killed, or the launcher is told to stop; then the same command runs again. Finally the build may
finish. Its corpus must equal that of an undisturbed build: tars, index, plan and card byte for byte, the manifest
except for times. The exit code is 1 if any corpus differs.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.chaos.corpora import differences, write_documents
from tests.chaos.engine import PAGE_S
from tests.support.commands import LIMIT_S, ROOT

PAGE_PROCESS = "pipelines.runtime.sandbox_child"
BEAM_WORKERS = ("--direct_running_mode", "multi_processing", "--direct_num_workers", "2")


@dataclass(frozen=True)
class Interruption:
    """A way to interrupt a build.

    Attributes:
        share: relative frequency.
        signal: what is sent.
        target: argument in the command line of the process that gets the signal; empty for the launcher itself.
        exit_codes: exit codes, in addition to 0, with which the launcher may end because of it.
    """

    share: int
    signal: signal.Signals
    target: str = ""
    exit_codes: frozenset[int] = frozenset()


INTERRUPTIONS = {
    "page process": Interruption(8, signal.SIGKILL, PAGE_PROCESS),
    "launcher": Interruption(4, signal.SIGKILL, exit_codes=frozenset({-signal.SIGKILL})),
    "Beam worker": Interruption(2, signal.SIGKILL, "apache_beam.runners.worker.sdk_worker_main", frozenset({1})),
    "launcher, SIGTERM": Interruption(2, signal.SIGTERM, exit_codes=frozenset({143, -signal.SIGTERM})),
    "launcher, Ctrl-C": Interruption(2, signal.SIGINT, exit_codes=frozenset({130, -signal.SIGINT})),
}


@dataclass
class Chaos:
    """Builds of one set of documents, interrupted at moments that a seed decides.

    Attributes:
        work: directory for documents, corpora and logs.
        seed: of the random moments and processes.
        pages_per_shard: see `BuildConfig`.
        page_s: seconds that the engine takes per page.
        interrupted: how often each kind of interruption has happened.
    """

    work: Path
    seed: int
    pages_per_shard: int = 12
    page_s: float = 0.05
    interrupted: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.environment = {**os.environ, PAGE_S: str(self.page_s), "TMPDIR": str(self.work), "OMP_NUM_THREADS": "1"}
        write_documents(self.work / "documents")
        process = self.start(self.work / "reference")
        self._wait_for_children(process)
        started = time.monotonic()
        assert process.wait(LIMIT_S) == 0
        self.work_s = time.monotonic() - started

    def start(self, output: Path, *flags: str) -> subprocess.Popen[bytes]:
        """Starts a build of the documents. Its log goes to `OUTPUT.log`."""
        command = [sys.executable, "-m", "tests.chaos.build", "--input", self.work / "documents", "--output", output]
        sizes = ["--pages_per_shard", self.pages_per_shard, "--workers", 2, "--dpi", 72, "--image_long_side", 128]
        with output.with_suffix(".log").open("wb") as log:
            return subprocess.Popen([*map(str, [*command, *sizes, *flags])], cwd=ROOT, env=self.environment, stderr=log)

    def finish(self, output: Path) -> None:
        """Runs the build to its end.

        Raises:
            AssertionError: its exit code is not 0.
        """
        code = self.start(output).wait(LIMIT_S)
        assert code == 0, output.with_suffix(".log").read_text()

    def case(self, name: str, kinds: Sequence[str]) -> list[str]:
        """Builds a corpus with interruptions.

        Args:
            name: of the corpus, under `work`.
            kinds: keys of `INTERRUPTIONS`, in order.

        Returns:
            What went wrong: files that differ, or an unexpected exit code with the log.
        """
        output = self.work / name
        left = deque(kinds)
        while left:
            kind = left.popleft()
            process = self.start(output, *(BEAM_WORKERS if kind == "Beam worker" else ()))
            while self._interrupt(process, kind) and left and left[0] == kind == "page process":
                left.popleft()
            code = process.wait(LIMIT_S)
            if code not in INTERRUPTIONS[kind].exit_codes | {0}:
                return [f"exit code {code}: {output.with_suffix('.log').read_text()[-2000:]}"]
        self.finish(output)
        return differences(output, self.work / "reference")

    def _interrupt(self, process: subprocess.Popen[bytes], kind: str) -> bool:
        """Waits for a random time and interrupts the build; returns whether it was still running."""
        interruption = INTERRUPTIONS[kind]
        self._wait_for_children(process)
        time.sleep(self.random.uniform(0, 0.6 * self.work_s))
        while process.poll() is None:
            target = interruption.target
            processes = _children(process, target) if target else [psutil.Process(process.pid)]
            if processes:
                self.random.choice(processes).send_signal(interruption.signal)
                self.interrupted[kind] += 1
                return True
            time.sleep(0.02)
        return False

    def _wait_for_children(self, process: subprocess.Popen[bytes]) -> None:
        """Waits until the build has started page processes."""
        while process.poll() is None and not _children(process, PAGE_PROCESS):
            time.sleep(0.05)


def _children(process: subprocess.Popen[bytes], argument: str) -> list[psutil.Process]:
    """Returns the descendants of a process whose command line contains `argument`."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if any(part == argument for part in child.cmdline()):
                    found.append(child)
    return found


def main() -> int:
    """Runs cases until `--kills` interruptions have happened; returns 1 if a corpus differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as work:
        chaos, wrong, cases = Chaos(Path(work), flags.seed), [], 0
        shares = [interruption.share for interruption in INTERRUPTIONS.values()]
        while chaos.interrupted.total() < flags.kills:
            kinds = sorted(chaos.random.choices(list(INTERRUPTIONS), shares, k=chaos.random.randint(1, 4)))
            found = chaos.case(f"case-{cases}", kinds)
            cases += 1
            wrong += found
            sys.stderr.write(f"{cases}: {', '.join(kinds)}: {'; '.join(found) or 'the same'}\n")
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(chaos.interrupted.items()))
        total = chaos.interrupted.total()
        sys.stdout.write(f"{total} interruptions in {cases} builds ({counts}): {len(wrong)} differences\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
