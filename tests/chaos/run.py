"""Kills a build at random moments until it has had enough, and compares what comes out with an undisturbed one.

python -m tests.chaos.run --kills 30 --seed 0

A build is struck one to four times: a page process is killed and the build goes on; the launcher or a Beam worker is
killed, or the launcher told to stop, and the same command is given again. Then it may finish, and its corpus must be
that of a build that nothing struck: tars, index, plan and card byte for byte, the manifest but for seconds. Exit code 1
if one is not.
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
class Strike:
    """How one kind of process is struck.

    Attributes:
        share: how often, against the others.
        victim: what its command line holds; empty for the launcher itself.
        exit_codes: with which the launcher may end for it, but for 0.
    """

    share: int
    signal: signal.Signals
    victim: str = ""
    exit_codes: frozenset[int] = frozenset()


STRIKES = {
    "page process": Strike(8, signal.SIGKILL, PAGE_PROCESS),
    "launcher": Strike(4, signal.SIGKILL, exit_codes=frozenset({-signal.SIGKILL})),
    "Beam worker": Strike(2, signal.SIGKILL, "apache_beam.runners.worker.sdk_worker_main", frozenset({1})),
    "launcher, SIGTERM": Strike(2, signal.SIGTERM, exit_codes=frozenset({143, -signal.SIGTERM})),
    "launcher, Ctrl-C": Strike(2, signal.SIGINT, exit_codes=frozenset({130, -signal.SIGINT})),
}


@dataclass
class Chaos:
    """Builds of one set of documents, struck at moments that a seed decides."""

    work: Path
    seed: int
    pages_per_shard: int = 12
    page_s: float = 0.05
    struck: Counter[str] = field(default_factory=Counter)

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
        """Starts the build that every case makes; its log goes to `OUTPUT.log`."""
        command = [sys.executable, "-m", "tests.chaos.build", "--input", self.work / "documents", "--output", output]
        sizes = ["--pages_per_shard", self.pages_per_shard, "--workers", 2, "--dpi", 72, "--image_long_side", 128]
        with output.with_suffix(".log").open("wb") as log:
            return subprocess.Popen([*map(str, [*command, *sizes, *flags])], cwd=ROOT, env=self.environment, stderr=log)

    def finish(self, output: Path) -> None:
        """Gives the command and lets it end.

        Raises:
            AssertionError: it did not end well.
        """
        code = self.start(output).wait(LIMIT_S)
        assert code == 0, output.with_suffix(".log").read_text()

    def case(self, name: str, targets: Sequence[str]) -> list[str]:
        """Builds a corpus while `targets` are struck, one after the other; returns where it went wrong."""
        output = self.work / name
        left = deque(targets)
        while left:
            target = left.popleft()
            process = self.start(output, *(BEAM_WORKERS if target == "Beam worker" else ()))
            while self._strike(process, target) and left and left[0] == target == "page process":
                left.popleft()
            code = process.wait(LIMIT_S)
            if code not in STRIKES[target].exit_codes | {0}:
                return [f"exit code {code}: {output.with_suffix('.log').read_text()[-2000:]}"]
        self.finish(output)
        return differences(output, self.work / "reference")

    def _strike(self, process: subprocess.Popen[bytes], target: str) -> bool:
        """Waits a moment and strikes; tells whether the build was still there to be struck."""
        strike = STRIKES[target]
        self._wait_for_children(process)
        time.sleep(self.random.uniform(0, 0.6 * self.work_s))
        while process.poll() is None:
            victims = _children(process, strike.victim) if strike.victim else [psutil.Process(process.pid)]
            if victims:
                self.random.choice(victims).send_signal(strike.signal)
                self.struck[target] += 1
                return True
            time.sleep(0.02)
        return False

    def _wait_for_children(self, process: subprocess.Popen[bytes]) -> None:
        """Waits until the build has come so far as to have page processes."""
        while process.poll() is None and not _children(process, PAGE_PROCESS):
            time.sleep(0.05)


def _children(process: subprocess.Popen[bytes], mark: str) -> list[psutil.Process]:
    """Returns the processes below one whose command holds `mark`."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if any(part == mark for part in child.cmdline()):
                    found.append(child)
    return found


def main() -> int:
    """Runs cases until enough was struck; returns 1 if one came out wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as work:
        chaos, wrong, cases = Chaos(Path(work), flags.seed), [], 0
        shares = [strike.share for strike in STRIKES.values()]
        while chaos.struck.total() < flags.kills:
            targets = sorted(chaos.random.choices(list(STRIKES), shares, k=chaos.random.randint(1, 4)))
            found = chaos.case(f"case-{cases}", targets)
            cases += 1
            wrong += found
            sys.stderr.write(f"{cases}: {', '.join(targets)}: {'; '.join(found) or 'the same'}\n")
        told = ", ".join(f"{count} {target}" for target, count in sorted(chaos.struck.items()))
        sys.stdout.write(f"{chaos.struck.total()} strikes in {cases} builds ({told}): {len(wrong)} differences\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
