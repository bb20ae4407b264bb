"""The machine that a figure was measured on."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from pathlib import Path


def machine() -> str:
    """Returns processor, cores, memory, Python version and date (UTC), for the line under a table."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), platform.machine())
    flags = next((set(line.split()) for line in info if line.startswith("flags")), set())
    bf16 = ", ".join(sorted(flags & {"avx512_bf16", "amx_bf16"})) or "no bf16"
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    today = datetime.now(timezone.utc).date()
    return f"{name} ({bf16}), {os.cpu_count()} cores, {memory_gb:.0f} GB, Python {platform.python_version()}, {today}"
