"""The ranks (processes) of a run: their numbers, and sums, objects and barriers across all of them."""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from typing import Any


def rank() -> int:
    """Returns the number of this process. It comes from the launcher's environment, so `join` is not needed first."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """Returns the number of this process on its machine."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def ranks_here() -> int:
    """Returns the number of ranks on this machine, as `deepspeed` or `torchrun` gives it."""
    return int(os.environ.get("LOCAL_SIZE") or os.environ.get("LOCAL_WORLD_SIZE", "1"))


def world_size() -> int:
    """Returns the number of ranks on all machines."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def join() -> None:
    """Connects the ranks. Without a launcher, this process is the only rank."""
    import deepspeed
    import torch

    if "RANK" not in os.environ:
        single = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
        os.environ.update(single, MASTER_PORT=str(_free_port()))
    if "OMP_NUM_THREADS" not in os.environ:
        # Otherwise each rank on this machine would start one thread per core.
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // ranks_here()))
    # The shared-memory all-reduce of CPU ranks compiles C++ for minutes at first use and leaves memory segments behind.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(auto_mpi_discovery=False, verbose=False)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@lru_cache
def _host_group() -> Any:
    """Returns a group of all ranks that communicates over the network. The devices need not wait for each other."""
    import torch

    return torch.distributed.new_group(backend="gloo")


def sum_over_ranks(values: dict[str, float]) -> dict[str, float]:
    """Returns the sums over all ranks, in float64. Collective: all ranks pass the same keys in the same order."""
    import torch

    sums = torch.tensor(list(values.values()), dtype=torch.float64)
    torch.distributed.all_reduce(sums, group=_host_group())
    return dict(zip(values, sums.tolist(), strict=True))


def gather(item: Any) -> list[Any]:
    """Returns the items of all ranks, in rank order, on every rank. Collective: all ranks call it.

    A process that has not called `join` is the only rank.

    Args:
        item: must be picklable.
    """
    import torch

    if not torch.distributed.is_initialized():
        return [item]
    items: list[Any] = [None] * world_size()
    torch.distributed.all_gather_object(items, item, group=_host_group())
    return items


def barrier() -> None:
    """Waits until every rank has called it."""
    import torch

    torch.distributed.barrier()
