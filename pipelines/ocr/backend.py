"""What runs the networks: an ONNX Runtime provider and its number format, on one thread."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.config import OCR_PRECISIONS
from schemas import UsageError

_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


@dataclass(frozen=True)
class Backend:
    """An ONNX Runtime provider with its precision.

    Attributes:
        label: for people and for the page's record, such as `OpenVINO bf16`.
        engine_config: PaddleOCR's argument of that name.
    """

    label: str
    engine_config: dict[str, Any]


def choose_backend(precision: str) -> Backend:
    """Returns OpenVINO in the wanted precision, or the plain CPU provider where onnxruntime comes without it.

    Raises:
        UsageError: bf16 is asked for and cannot be had, or the precision is unknown.
    """
    import onnxruntime

    if precision not in OCR_PRECISIONS:
        raise UsageError(f"--ocr_precision {precision}: take one of {', '.join(OCR_PRECISIONS)}")
    if "OpenVINOExecutionProvider" in onnxruntime.get_available_providers():
        return _openvino(native_precision() if precision == "auto" else precision)
    if precision == "bf16":
        raise UsageError(
            "--ocr_precision bf16 needs OpenVINO: pip install onnxruntime-openvino in place of onnxruntime"
        )
    return Backend("CPU f32", {"providers": ["CPUExecutionProvider"], "intra_op_num_threads": 1})


def _openvino(precision: str) -> Backend:
    plugin = {"CPU": {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1}}
    options = {"device_type": "CPU", "num_of_threads": "1", "load_config": json.dumps(plugin)}
    config = {"providers": ["OpenVINOExecutionProvider"], "provider_options": [options], "intra_op_num_threads": 1}
    return Backend(f"OpenVINO {precision}", config)


def native_precision(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Returns `bf16` where the CPU multiplies in it, else `f32`, which emulated bf16 would not beat."""
    try:
        flags = set(cpuinfo.read_text().split())
    except OSError:  # not Linux
        return "f32"
    return "bf16" if flags & _BF16_FLAGS else "f32"
