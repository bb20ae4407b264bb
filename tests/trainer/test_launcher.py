"""Tests of what the ranks do when their launcher gets a signal, with the real launchers and two ranks."""

from __future__ import annotations

import json
import signal
import subprocess
from contextlib import suppress

import psutil
import pytest

from tests.support.commands import LIMIT_S, ROOT
from tests.support.corpora import write_corpus
from tests.trainer.launches import environment, launcher, torchrun
from tests.trainer_chaos.disturbed_run import DisturbedRun
from trainer.launcher import DEEPSPEED

NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


@pytest.fixture
def endless(tmp_path) -> DisturbedRun:
    """Returns a run that ends only if it is stopped."""
    write_corpus(tmp_path / "corpus", pages=16, words=20, long_side=128)
    return DisturbedRun(tmp_path / "corpus", tmp_path / "RUN", "--max_steps", "1000000", "--save_every", "1000000")


def ranks_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Returns the processes below a launcher."""
    return psutil.Process(process.pid).children(recursive=True)


def starters_of_ranks(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Returns the child of the command `deepspeed` that starts the ranks; none before it exists.

    The command has other, short-lived children before.
    """
    found = []
    for child in psutil.Process(process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if DEEPSPEED in child.cmdline():
                found.append(child)
    return found


def require_saved(run: DisturbedRun, reason: str) -> None:
    """Checks that the run was stopped for a reason and has saved every step."""
    stopped = json.loads((run.output / "stopped.json").read_text())
    assert stopped == {"stopped_by": reason, "step": run.newest_sound()}
    assert run.newest_sound() == run.steps() > 0


def test_ranks_save_and_end_after_sigterm_to_the_command_deepspeed(endless):
    process = endless.start()
    endless.until_step(process, 1)
    below = ranks_of(process)
    assert len(below) > 2, "the process that watches the ranks, and two ranks"
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == -signal.SIGTERM
    assert psutil.wait_procs(below, LIMIT_S)[1] == [], "no process is left"
    require_saved(endless, "the end of the launcher")


def test_a_rank_sees_at_its_start_that_the_command_deepspeed_has_ended_before(tmp_path):
    answer, script = tmp_path / "answer", tmp_path / "rank.py"
    script.write_text(
        "from trainer.launcher import Launcher\n"
        f"open({str(answer)!r}, 'w').write(str(Launcher().has_ended()))\n"  # as `pretrain.py` does
    )
    command = subprocess.Popen([*launcher(1), str(script)], env={**environment(), "PYTHONPATH": str(ROOT)})
    while not (below := starters_of_ranks(command)):
        assert command.poll() is None
    command.send_signal(signal.SIGTERM)
    assert command.wait(LIMIT_S) == -signal.SIGTERM
    assert psutil.wait_procs(below, LIMIT_S)[1] == [], "the child started the rank without the command, and ended"
    assert answer.read_text() == "True"


def can_make_a_namespace() -> bool:
    """Returns whether this process may start another one as the first process of a PID namespace."""
    try:
        return subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not can_make_a_namespace(), reason="the first process of a PID namespace needs unshare and root")
def test_torchrun_as_the_first_process_of_a_container_saves_after_sigterm(endless):
    process = endless.start([*NAMESPACE, *torchrun(2)])
    endless.until_step(process, 1)
    first = psutil.Process(process.pid).children()[0]
    assert any("torchrun" in word for word in first.cmdline())
    first.send_signal(signal.SIGTERM)
    assert endless.wait(process) != 0
    require_saved(endless, "SIGTERM")
