"""Starts real runs of the trainer in separate processes, with or without DeepSpeed's launcher."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.commands import LIMIT_S, ROOT

PRETRAIN = ROOT / "trainer" / "pretrain.py"
MANY_RUNS = Path(__file__).with_name("many_runs.py")

# Values of a log row that two equal runs share.
SAME = ("step", "loss", "loss_denoise", "loss_line", "loss_grid", "acc_line", "acc_grid", "samples", "batch_id", "lr")

# A model with one layer per stack and short texts: a step takes 0.1 s.
SMALL = (
    *("--model", "tiny", "--global_batch", "8", "--micro_batch", "2", "--log_every", "1", "--tensorboard", "false"),
    "optimizer.warmup_steps=100",  # all steps are warm-up, whatever --max_steps is
    *("model.d_model=32", "model.d_ff=64", "model.heads=2", "model.encoder_layers=1", "model.decoder_layers=1"),
    *("model.image_height=64", "model.image_width=96", "objectives.max_text_tokens=32", "model.dropout=0.1"),
)


def environment() -> dict[str, str]:
    """Returns the environment of a run, without the variables that a launcher of the tests may have set."""
    removed = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_SIZE", "MASTER_ADDR", "MASTER_PORT", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in removed}
    return {**kept, "OMP_NUM_THREADS": "1"}


def launcher(ranks: int) -> list[str]:
    """Returns the launcher's command. Append the path and the arguments of a script to it."""
    deepspeed = Path(sys.executable).with_name("deepspeed")
    return [sys.executable, str(deepspeed), "--quiet", "--num_accelerators", str(ranks), "--master_port", _free_port()]


def torchrun(ranks: int) -> list[str]:
    """Returns the command of PyTorch's launcher. Append the path and the arguments of a script to it."""
    program = Path(sys.executable).with_name("torchrun")
    return [sys.executable, str(program), "--nproc-per-node", str(ranks), "--master-port", _free_port()]


def host_launchers(hosts: int, hostfile: Path) -> list[list[str]]:
    """Returns a launcher's command per host. Each host has one rank and is this machine; no ssh is needed."""
    hostfile.write_text("".join(f"host-{number} slots=1\n" for number in range(hosts)))
    command = [*launcher(1)[:2], "--quiet", "--hostfile", str(hostfile), "--master_addr", "127.0.0.1"]
    network = ["--master_port", _free_port(), "--no_ssh"]
    return [[*command, *network, "--node_rank", str(number)] for number in range(hosts)]


def _free_port() -> str:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


@contextmanager
def only_rank() -> Iterator[None]:
    """Makes this process the only rank of a run within the block.

    The process group stays: DeepSpeed remembers groups until the process ends, and a second one would be unknown to it.
    """
    from trainer import distributed

    before = dict(os.environ)
    distributed.join()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def finetune_alone(flags: Sequence[str], data: Path, folder: Path) -> Path:
    """Runs `finetune.py` as the only rank of this process. Returns the directory of the run, below `folder`."""
    from trainer import finetune

    places = ["--data", str(data), "--output", str(folder / "run"), "--cache_dir", str(folder / "cache")]
    with only_rank():
        assert finetune.main([*flags, *places]) == 0
    return folder / "run"


def run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command until it ends. Its stdout and stderr are returned as one text."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT_S,
    )


def run_many(
    command_lines: dict[str, list[str]], ranks: int, work_dir: Path, script: Path = MANY_RUNS
) -> tuple[dict[str, int], str]:
    """Runs many command lines of `pretrain.py` one after another with a single launch, because launches are slow.

    Args:
        command_lines: arguments of `pretrain.py` by name.
        ranks: number of ranks; a single rank is started without the launcher.
        work_dir: working directory.
        script: the script that runs the command lines.

    Returns:
        The exit codes by name, and everything that was printed.
    """
    plan, results = work_dir / "plan.json", work_dir / "results.json"
    plan.write_text(json.dumps(command_lines))
    program = [sys.executable] if ranks == 1 else launcher(ranks)
    done = run([*program, str(script), str(plan), str(results)], work_dir)
    assert done.returncode == 0, done.stdout
    return json.loads(results.read_text()), done.stdout


def rows(run_dir: Path, *names: str) -> list[dict[str, Any]]:
    """Returns the training rows of a run's log, reduced to `names` if given."""
    lines = [json.loads(line) for line in (run_dir / "log.jsonl").read_text().splitlines()]
    training = [row for row in lines if "loss" in row]
    return [{name: row[name] for name in names} for row in training] if names else training


def validation_rows(run_dir: Path) -> list[dict[str, Any]]:
    """Returns the validation rows of a run's log."""
    lines = [json.loads(line) for line in (run_dir / "log.jsonl").read_text().splitlines()]
    return [row for row in lines if "val_loss" in row]
