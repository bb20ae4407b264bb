"""Which provider runs the networks, in which precision, and whether the engine's version says so."""

from __future__ import annotations

import onnxruntime
import pytest

from pipelines.ocr.engine import load_engine
from pipelines.ocr.networks.backend import choose_backend, int8_is_fastest, native_precision
from schemas import UsageError
from tests.pipelines.ocr.typeset import typeset_page


@pytest.fixture
def plain_onnxruntime(monkeypatch) -> None:
    """Makes onnxruntime look as if it was installed without OpenVINO."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])


@pytest.mark.parametrize(
    ("flags", "precision"),
    [("fpu avx512f avx512_bf16", "bf16"), ("fpu amx_bf16 amx_tile", "bf16"), ("fpu avx2 avx512f", "f32")],
)
def test_bf16_is_used_if_the_cpu_multiplies_in_bf16(tmp_path, flags, precision):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert native_precision(tmp_path / "cpuinfo") == precision


@pytest.mark.parametrize(
    ("flags", "fastest"),
    [
        ("avx512_bf16 avx512_vnni", True),
        ("avx512f avx512_vnni", True),
        ("avx512_vnni amx_bf16", False),
        ("avx2", False),
    ],
)
def test_int8_is_fastest_if_the_cpu_has_vnni_but_no_matrix_unit(tmp_path, flags, fastest):
    (tmp_path / "cpuinfo").write_text(f"flags\t\t: {flags}\n")
    assert int8_is_fastest(tmp_path / "cpuinfo") is fastest


def test_f32_is_used_on_a_system_without_cpuinfo(tmp_path):
    assert native_precision(tmp_path / "absent") == "f32"
    assert not int8_is_fastest(tmp_path / "absent")


def test_the_label_names_provider_and_precision():
    assert choose_backend("f32").label.endswith(" f32")


def test_a_requested_precision_is_not_combined_with_int8():
    assert choose_backend("f32", may_quantise=True).label.endswith(" f32")
    assert not choose_backend("f32", may_quantise=True).eight_bit


def test_onnxruntime_without_openvino_reads_the_same_words_and_is_named_in_the_version(plain_onnxruntime):
    engine = load_engine("paddleocr")
    image, truth = typeset_page()
    assert engine.version.endswith("CPU f32)")
    assert {word.text for word in engine.examine(image).words()} == {text for text, _ in truth}


def test_the_error_for_bf16_without_openvino_says_what_to_install(plain_onnxruntime):
    with pytest.raises(UsageError, match="pip install onnxruntime-openvino"):
        load_engine("paddleocr", precision="bf16")


def test_an_unknown_precision_is_an_error_that_lists_the_known_ones():
    with pytest.raises(UsageError, match="--ocr_precision int8: take one of auto, bf16, f32"):
        load_engine("paddleocr", precision="int8")
