"""The ranks of a run: who am I, and sums, objects and meeting points across all of them."""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from typing import Any


def rank() -> int:
    """Returns this process's number; known before the ranks have met, from the launcher's environment."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """Returns this process's number among those of its machine."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def ranks_here() -> int:
    """Returns the number of ranks on this machine."""
    return int(os.environ.get("LOCAL_SIZE", "1"))


def world_size() -> int:
    """Returns the number of ranks."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def join() -> None:
    """Brings the ranks together; without a launcher, this process is the only one."""
    import deepspeed
    import torch

    if "RANK" not in os.environ:
        alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
        os.environ.update(alone, MASTER_PORT=str(_free_port()))
    if "OMP_NUM_THREADS" not in os.environ:
        # Else every rank of a machine starts a thread on each core.
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // ranks_here()))
    # The shared-memory all-reduce of CPU ranks would compile C++ for minutes at first use, and leaves segments behind.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(auto_mpi_discovery=False, verbose=False)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@lru_cache
def _host_group() -> Any:
    """The ranks, talking over the network and not through their devices, which need not wait for each other then."""
    import torch

    return torch.distributed.new_group(backend="gloo")


def sum_over_ranks(values: dict[str, float]) -> dict[str, float]:
    """Returns the sums over all ranks, in float64; every rank passes the same keys in the same order."""
    import torch

    sums = torch.tensor(list(values.values()), dtype=torch.float64)
    torch.distributed.all_reduce(sums, group=_host_group())
    return dict(zip(values, sums.tolist(), strict=True))


def gather(item: Any) -> list[Any]:
    """Returns every rank's picklable `item`, in rank order, on every rank."""
    import torch

    items: list[Any] = [None] * world_size()
    torch.distributed.all_gather_object(items, item, group=_host_group())
    return items


def barrier() -> None:
    """Waits until every rank is here."""
    import torch

    torch.distributed.barrier()
