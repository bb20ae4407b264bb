"""Reports why a run failed, and explains errors that the machine causes: memory, the port, disks and rights."""

from __future__ import annotations

import errno
import logging
import os

import torch

from trainer import distributed

logger = logging.getLogger("trainer")

BY_DEEPSPEED = "CROSS_SIZE"  # an environment variable that only DeepSpeed's launcher sets
AFTERWARDS = "(The launcher may now print the whole command; deepspeed --log_level critical ... hides that.)"
AGAIN = "then run the same command again to resume from the last checkpoint."
LESS_MEMORY = (
    "lower --micro_batch (--global_batch can stay), raise --zero_stage, set model.activation_checkpointing=true, or "
    "choose a smaller --model; --dry_run prints the memory that a run needs"
)

FILE_ERRORS = (
    ((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "cannot be written", "Free disk space"),
    ((errno.EACCES, errno.EPERM, errno.EROFS), "cannot be opened", "Make it writable for this user"),
    ((errno.EISDIR, errno.ENOTDIR, errno.EEXIST), "cannot be opened", "Move away what is there"),
    ((errno.EIO, errno.ESTALE), "cannot be read or written", "Check its disk or network file system"),
    ((errno.EMFILE, errno.ENFILE), "cannot be opened", "Allow more open files (ulimit -n)"),
)
"""Error numbers, what does not work then, and the cure."""


def report(message: str) -> None:
    """Logs an error message.

    DeepSpeed's launcher prints some lines after it, the last with the whole command, and cannot be kept from it by its
    ranks. So the message then stands between empty lines, and a note says what follows.
    """
    logger.error(f"\nerror: {message}\n{AFTERWARDS}\n" if BY_DEEPSPEED in os.environ else f"error: {message}")


def explain(error: Exception) -> str | None:
    """Returns what happened and the cure in one line, or None if the error is not one of the machine.

    Args:
        error: what training raised on this rank.
    """
    if _is_out_of_memory(error):
        reason = str(error).strip().splitlines() or [type(error).__name__]
        return f"rank {distributed.rank()} is out of memory ({_short(reason[0])}): {LESS_MEMORY}"
    if isinstance(error, torch.distributed.DistNetworkError) and "EADDRINUSE" in str(error):
        port = os.environ.get("MASTER_PORT")
        return (
            f"port {port} of this machine is in use, perhaps by another run: pass a free one to the launcher, as in "
            "deepspeed --master_port 29512 trainer/pretrain.py ..."
        )
    if isinstance(error, OSError):
        for numbers, fault, cure in FILE_ERRORS:
            if error.errno in numbers:
                name = error.filename or "a file of the run"
                return f"{name} {fault}: {error.strerror}. {cure}, {AGAIN}"
    return None


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # On a CPU, and for memory that libraries take beside torch's own, torch raises a plain RuntimeError.
    signs = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in signs)


def _short(reason: str) -> str:
    """Returns the first two sentences of torch's message: what failed, and how much memory was asked for."""
    return ". ".join(reason.split(". ")[:2]).removesuffix(".")
