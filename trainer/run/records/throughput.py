"""Measures the speed of a run: pages, tokens and FLOPs per second, MFU, and the share of time spent waiting for data.

MFU (model FLOPs utilization; Chowdhery et al. 2022, PaLM, appendix B, https://arxiv.org/abs/2204.02311) is the share of
the hardware's peak. It counts the FLOPs that the model needs, not those spent on padding or recomputation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from trainer import distributed
from trainer.settings.training import TrainingConfig

# Dense bf16 TFLOP/s from the vendors' data sheets. The first key that occurs in the device's name is used.
PEAK_BF16_TFLOPS = {
    "B200": 2250.0,
    "H200": 989.0,
    "H100 PCIe": 756.0,
    "H100 NVL": 835.0,
    "H100": 989.0,
    "A100": 312.0,
    "A800": 312.0,
    "L40S": 362.0,
    "L40": 181.0,
    "L4": 121.0,
    "A10G": 70.0,
    "A10": 125.0,
    "RTX 4090": 165.0,
    "RTX 3090": 71.0,
}


class Throughput:
    """Counts work and time since the rates were last read. Only the time of steps counts.

    Args:
        peak_tflops: peak TFLOP/s of all ranks together; None: not known.
        clock: returns monotonic seconds.
    """

    def __init__(self, peak_tflops: float | None, clock: Callable[[], float] = time.perf_counter) -> None:
        self.peak_tflops = peak_tflops
        self.clock = clock
        self.restart()

    def restart(self) -> None:
        """Sets all counts and the time to 0."""
        self._since = self.clock()
        self._steps = self._pages = self._tokens = self._positions = self._flops = self._wait_s = 0.0

    def add(self, pages: float, tokens: float, positions: float, flops: float, data_wait_s: float) -> None:
        """Adds a step.

        Args:
            pages: of the global batch, as the next three.
            tokens: without padding.
            positions: tokens and padding.
            flops: forward and backward.
            data_wait_s: seconds spent waiting for data, mean over the ranks.
        """
        self._steps += 1
        self._pages += pages
        self._tokens += tokens
        self._positions += positions
        self._flops += flops
        self._wait_s += data_wait_s

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Excludes the time of a block, such as an evaluation, a checkpoint or the writing of a profile."""
        start = self.clock()
        yield
        self._since += self.clock() - start

    def rates(self) -> dict[str, float]:
        """Returns the rates since the last call and restarts.

        Returns:
            step_s, pages_per_s, tokens_per_s, tflops, and the shares (0 to 1) padding, data_wait and, if the peak is
            known, mfu.
        """
        seconds = self.clock() - self._since
        tflops = self._flops / seconds / 1e12
        row = {
            "step_s": seconds / self._steps,
            "pages_per_s": self._pages / seconds,
            "tokens_per_s": self._tokens / seconds,
            "padding": 1 - self._tokens / self._positions,
            "tflops": tflops,
            **({"mfu": tflops / self.peak_tflops} if self.peak_tflops else {}),
            "data_wait": self._wait_s / seconds,
        }
        self.restart()
        return row


def total_peak_tflops(device: torch.device, config: TrainingConfig) -> float | None:
    """Returns the peak TFLOP/s of all ranks together, or None on CPUs. Collective: all ranks call it.

    The peak of each rank is `--peak_tflops` or, if that is 0, the peak of its GPU. The peak of a CPU is not measured:
    the other ranks, the workers and other programs use the same cores, so a measurement would be too low.
    """
    if not config.peak_tflops and device.type != "cuda":
        return None
    dtype = torch.bfloat16 if config.dtype == "bf16" else torch.float32
    return distributed.sum_over_ranks({"peak": config.peak_tflops or peak_tflops(device, dtype)})["peak"]


def peak_tflops(device: torch.device, dtype: torch.dtype) -> float:
    """Returns the peak TFLOP/s of one GPU: from the table for bf16 on a known GPU, otherwise measured."""
    if dtype == torch.bfloat16:
        name = torch.cuda.get_device_name(device)
        for known, peak in PEAK_BF16_TFLOPS.items():
            if known in name:
                return peak
    return measure_matmul_tflops(device, dtype)


def measure_matmul_tflops(device: torch.device, dtype: torch.dtype, seconds: float = 0.5) -> float:
    """Returns the best TFLOP/s of a square matrix product within `seconds`."""
    size = 8192
    left, right = (torch.randn(size, size, dtype=dtype, device=device) for _ in range(2))
    best_s, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or best_s == float("inf"):
        start = time.perf_counter()
        (left @ right)[0, 0].item()  # reading a value waits for the product
        best_s = min(best_s, time.perf_counter() - start)
    return 2 * size**3 / best_s / 1e12
