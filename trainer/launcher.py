"""Notices that the launcher which started this rank has ended."""

from __future__ import annotations

import os

import psutil

DEEPSPEED = "deepspeed.launcher.launch"
FIRST_PROCESS = 1
OTHERS = ("torchrun", "torch.distributed")


class Launcher:
    """The processes that started this rank: `torchrun`, or the two of the command `deepspeed`.

    SIGTERM ends the command `deepspeed` (exit code 143) and does not reach its ranks. Its child, which started the
    ranks, goes on without it. The child of a process that has ended gets a new parent: so a rank notices it. If the
    command ended before its child started the ranks, init is already that new parent.

    A rank that was started in another way has no launcher. A program that was started by a shell may outlive it.
    """

    def __init__(self) -> None:
        self._count = _count_launchers()
        self._started_by = self._pids()
        self._ended_before = self._count == 2 and _is_orphan(os.getppid())

    def has_ended(self) -> bool:
        """Returns whether one of the processes has ended."""
        return self._ended_before or self._pids() != self._started_by

    def _pids(self) -> list[int]:
        pids = [os.getppid()][: self._count]
        return [*pids, _parent(pids[0])] if self._count == 2 else pids


def _count_launchers() -> int:
    """Returns how many of the nearest ancestors of this process are launchers: 0, 1 or 2."""
    if "RANK" not in os.environ:
        return 0
    try:
        command = " ".join(psutil.Process(os.getppid()).cmdline())
    except psutil.Error:
        return 0
    return 2 if DEEPSPEED in command else int(any(name in command for name in OTHERS))


def _is_orphan(pid: int) -> bool:
    """Returns whether init has adopted this child of the command `deepspeed`.

    In a container that command can itself be the first process. On a machine that ssh has reached, the parent is a
    shell or the ssh daemon.
    """
    try:
        parent = psutil.Process(_parent(pid))
        is_init = parent.pid == FIRST_PROCESS or parent.name() == "systemd"  # that of the machine or of the user
        return is_init and not any("deepspeed" in word for word in parent.cmdline())
    except psutil.Error:
        return False


def _parent(pid: int) -> int:
    """Returns the parent of a process; 0 if the process has ended."""
    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return 0
