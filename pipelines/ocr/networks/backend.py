"""Chooses what runs the networks: an ONNX Runtime provider and its number format, on one thread.

Measured on whole pages, relative to f32: bf16 takes 0.4 of the time on CPUs with a matrix unit for it (AMX), and 0.6 of
the time with plain AVX-512. With plain AVX-512 the recogniser is even faster in int8 (VNNI). The detector is not,
because it spends its time on moving data.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.ocr.engine import OCR_PRECISIONS
from schemas import UsageError

_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}
_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Backend:
    """An ONNX Runtime provider with its precision.

    Attributes:
        label: provider and precision for messages and for the page record, such as `OpenVINO bf16`.
        engine_config: the value of PaddleOCR's argument `engine_config`.
        eight_bit: whether the recogniser is run from its eight-bit copy.
        headless: whether the last layer of the recogniser is computed apart from the network (see `Head`).
    """

    label: str
    engine_config: dict[str, Any]
    eight_bit: bool = False
    headless: bool = False


def choose_backend(precision: str, *, may_quantise: bool = False) -> Backend:
    """Returns OpenVINO in the requested precision, or the plain CPU provider if onnxruntime has no OpenVINO.

    Args:
        precision: `auto`, `bf16` or `f32`.
        may_quantise: whether `auto` may use an eight-bit copy of the recogniser.

    Raises:
        UsageError: bf16 was requested but is not available, or the precision is unknown.
    """
    import onnxruntime

    if precision not in OCR_PRECISIONS:
        raise UsageError(f"--ocr_precision {precision}: take one of {', '.join(OCR_PRECISIONS)}")
    if "OpenVINOExecutionProvider" in onnxruntime.get_available_providers():
        if precision == "auto":
            return _openvino(native_precision(), may_quantise and int8_is_fastest())
        return _openvino(precision)
    if precision == "bf16":
        raise UsageError("--ocr_precision bf16 needs OpenVINO: pip install onnxruntime-openvino instead of onnxruntime")
    config = {"providers": ["CPUExecutionProvider"], "intra_op_num_threads": 1}
    return Backend("CPU f32", config, headless=True)


def _openvino(precision: str, eight_bit: bool = False) -> Backend:
    # With CPU pinning, OpenVINO would bind its thread to the first core, in every page process to the same one.
    plugin = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False}
    options = {"device_type": "CPU", "num_of_threads": "1", "load_config": json.dumps({"CPU": plugin})}
    config = {"providers": ["OpenVINOExecutionProvider"], "provider_options": [options], "intra_op_num_threads": 1}
    headless = precision == "f32" and not eight_bit  # the narrower formats are as fast with the whole network
    return Backend(f"OpenVINO {'int8+' * eight_bit}{precision}", config, eight_bit, headless)


def native_precision(cpuinfo: Path = _CPUINFO) -> str:
    """Returns `bf16` if the CPU multiplies in bf16, else `f32`: emulated bf16 is not faster."""
    return "bf16" if _flags(cpuinfo) & _BF16_FLAGS else "f32"


def int8_is_fastest(cpuinfo: Path = _CPUINFO) -> bool:
    """Returns whether int8 is the fastest number format: the CPU has VNNI, but no matrix unit for bf16."""
    flags = _flags(cpuinfo)
    return "avx512_vnni" in flags and "amx_bf16" not in flags


def _flags(cpuinfo: Path) -> set[str]:
    try:
        return set(cpuinfo.read_text().split())
    except OSError:  # not Linux
        return set()
