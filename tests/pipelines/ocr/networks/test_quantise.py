"""The recogniser's eight-bit copy: what changes in the file, and whether it reads the same text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper, version_converter
from onnx.reference import ReferenceEvaluator

from pipelines.ocr.line_reader import LineReader
from pipelines.ocr.networks.head import best_classes
from pipelines.ocr.networks.model_folder import WEIGHTS
from pipelines.ocr.networks.quantise import quantise
from pipelines.ocr.networks.weights import QUICK_RECOGNISER, RECOGNISER, Published, packaged_folder
from pipelines.ocr.paddle import PaddleEngine
from pipelines.ocr.recognise import Recogniser
from tests.pipelines.ocr.typeset import typeset_page

SIDE = 64  # inputs and outputs of a layer that is large enough to be quantised


@pytest.fixture
def product(tmp_path) -> Path:
    """Writes a network of one matrix product. The scale of its columns differs by a factor of 1000."""
    rng = np.random.Generator(np.random.PCG64(5))
    weights = rng.normal(size=(SIDE, SIDE)).astype(np.float32) * np.geomspace(0.01, 10, SIDE, dtype=np.float32)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"], name="product")],
        "network",
        [value("x", onnx.TensorProto.FLOAT, ["rows", SIDE])],
        [value("y", onnx.TensorProto.FLOAT, ["rows", SIDE])],
        [numpy_helper.from_array(weights, "weights")],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8), tmp_path / "f32.onnx"
    )
    return tmp_path / "f32.onnx"


def session_of(network: Path) -> onnxruntime.InferenceSession:
    """Loads a network into ONNX Runtime, with exact int8 products on every processor."""
    options = onnxruntime.SessionOptions()
    # Without VNNI, the sum of two products saturates at 16 bits. This option selects a slower, exact instruction.
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])


def run(network: Path, x: np.ndarray) -> np.ndarray:
    return session_of(network).run(None, {"x": x})[0]


def run_in_numpy(network: Path, x: np.ndarray) -> np.ndarray:
    """Runs a network with ONNX's reference implementation.

    It is first converted to a newer version, because the reference lacks the operators of the copy's version.
    """
    model = version_converter.convert_version(onnx.load(network), 21)
    return ReferenceEvaluator(model).run(None, {"x": x})[0]


def operators(network: Path) -> list[str]:
    return [node.op_type for node in onnx.load(network).graph.node]


@pytest.mark.parametrize("runtime", [run_in_numpy, run], ids=["numpy", "ONNX Runtime"])
def test_an_int8_product_is_within_3_percent_of_the_maximum_of_each_channel(product, runtime, tmp_path):
    quantise(product, {"x": (-1.0, 3.0)}, tmp_path / "int8.onnx")
    x = np.random.Generator(np.random.PCG64(6)).uniform(-1, 3, (200, SIDE)).astype(np.float32)
    exact, copy = runtime(product, x), runtime(tmp_path / "int8.onnx", x)
    assert (np.abs(copy - exact).max(axis=0) < 0.03 * np.abs(exact).max(axis=0)).all()
    assert not np.array_equal(copy, exact)


def test_inputs_outside_the_range_are_clipped_to_it(product, tmp_path):
    quantise(product, {"x": (-1.0, 3.0)}, tmp_path / "int8.onnx")
    inside, outside = np.full((1, SIDE), 3, np.float32), np.full((1, SIDE), 9, np.float32)
    assert np.array_equal(run(tmp_path / "int8.onnx", inside), run(tmp_path / "int8.onnx", outside))


def test_a_layer_without_a_range_is_not_changed(product, tmp_path):
    quantise(product, {}, tmp_path / "int8.onnx")
    assert operators(tmp_path / "int8.onnx") == ["MatMul"]


@pytest.fixture(params=[RECOGNISER, QUICK_RECOGNISER], ids=lambda network: network.name)
def recogniser(request) -> Published:
    return request.param


def test_every_range_belongs_to_a_layer_of_the_packaged_recogniser(recogniser):
    copy = operators(packaged_folder(recogniser, eight_bit=True) / WEIGHTS)
    assert copy.count("QuantizeLinear") >= 2 * len(recogniser.ranges)


def test_the_copy_reads_a_typeset_page_without_errors(recogniser):
    session = session_of(packaged_folder(recogniser, eight_bit=True) / WEIGHTS)
    image, truth = typeset_page()
    engine = PaddleEngine(precision="f32")
    known = engine.lines.recogniser if recogniser is RECOGNISER else engine.lines.quick
    engine.lines = LineReader(
        Recogniser(lambda strips: best_classes(session.run(None, {"x": strips})[0]), known.alphabet)
    )
    assert sorted(word.text for word in engine.examine(image).words()) == sorted(text for text, _ in truth)
