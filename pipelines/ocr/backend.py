"""What runs the networks: an ONNX Runtime provider and its number format, on one thread.

Whole pages, against f32: bf16 takes 0.4 of the time where it has a matrix unit (AMX) and 0.6 in plain AVX-512; there
the recogniser is faster still in bytes (VNNI). The detector is not, whose time goes into moving data.
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
        label: for people and for the page's record, such as `OpenVINO bf16`.
        engine_config: PaddleOCR's argument of that name.
        eight_bit: the recogniser is to be run from its eight-bit copy.
    """

    label: str
    engine_config: dict[str, Any]
    eight_bit: bool = False


def choose_backend(precision: str, *, may_quantise: bool = False) -> Backend:
    """Returns OpenVINO in the wanted precision, or the plain CPU provider where onnxruntime comes without it.

    Args:
        precision: `auto`, `bf16` or `f32`.
        may_quantise: there is an eight-bit copy of the recogniser, which `auto` may take.

    Raises:
        UsageError: bf16 is asked for and cannot be had, or the precision is unknown.
    """
    import onnxruntime

    if precision not in OCR_PRECISIONS:
        raise UsageError(f"--ocr_precision {precision}: take one of {', '.join(OCR_PRECISIONS)}")
    if "OpenVINOExecutionProvider" in onnxruntime.get_available_providers():
        if precision == "auto":
            return _openvino(native_precision(), may_quantise and bytes_are_fastest())
        return _openvino(precision)
    if precision == "bf16":
        raise UsageError(
            "--ocr_precision bf16 needs OpenVINO: pip install onnxruntime-openvino in place of onnxruntime"
        )
    return Backend("CPU f32", {"providers": ["CPUExecutionProvider"], "intra_op_num_threads": 1})


def _openvino(precision: str, eight_bit: bool = False) -> Backend:
    # OpenVINO would tie its one thread to the first core, that of every page process to the same one.
    plugin = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False}
    options = {"device_type": "CPU", "num_of_threads": "1", "load_config": json.dumps({"CPU": plugin})}
    config = {"providers": ["OpenVINOExecutionProvider"], "provider_options": [options], "intra_op_num_threads": 1}
    return Backend(f"OpenVINO {'int8+' * eight_bit}{precision}", config, eight_bit)


def native_precision(cpuinfo: Path = _CPUINFO) -> str:
    """Returns `bf16` where the CPU multiplies in it, else `f32`, which emulated bf16 would not beat."""
    return "bf16" if _flags(cpuinfo) & _BF16_FLAGS else "f32"


def bytes_are_fastest(cpuinfo: Path = _CPUINFO) -> bool:
    """Tells whether the CPU multiplies bytes (VNNI) faster than any other numbers: it has no matrix unit for bf16."""
    flags = _flags(cpuinfo)
    return "avx512_vnni" in flags and "amx_bf16" not in flags


def _flags(cpuinfo: Path) -> set[str]:
    try:
        return set(cpuinfo.read_text().split())
    except OSError:  # not Linux
        return set()
