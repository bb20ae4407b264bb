"""A recogniser without its last layer, and this layer apart from it, together give what the whole network gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from pipelines.ocr.networks.head import HEAD, Head, best_classes, cut_off_head
from pipelines.ocr.networks.model_folder import WEIGHTS
from pipelines.ocr.networks.weights import QUICK_RECOGNISER, RECOGNISER, Published, packaged_folder
from pipelines.ocr.paddle import PaddleEngine

ALPHABET = ["", "a", "\u4e2d", "b", "\u3042", " "]
FEATURES = 3


@pytest.fixture
def network() -> onnx.ModelProto:
    """Returns a network of one layer, like the last one of a recogniser."""
    rng = np.random.default_rng(5)
    constants = {"w": rng.normal(0, 3, (FEATURES, len(ALPHABET))), "b": rng.normal(0, 1, len(ALPHABET))}
    nodes = [
        helper.make_node("Mul", ["x", "one"], ["features"]),
        helper.make_node("MatMul", ["features", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"], axis=2),
    ]
    graph = helper.make_graph(
        nodes,
        "last",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "columns", FEATURES])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "columns", len(ALPHABET)])],
        [
            numpy_helper.from_array(np.asarray(value, np.float32), name)
            for name, value in (*constants.items(), ("one", np.float32(1)))
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model)


def session(network: bytes | str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])


def both(network: onnx.ModelProto, certain: float, folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns the best classes of the whole network, and those of its two parts."""
    x = np.random.default_rng(6).normal(0, 2, (4, 50, FEATURES)).astype(np.float32)
    body = cut_off_head(network, folder / HEAD, certain)
    features = session(body.SerializeToString()).run(None, {"x": x})[0]
    assert features.shape == x.shape
    whole = session(network.SerializeToString()).run(None, {"x": x})[0]
    return [best_classes(whole), Head(folder / HEAD, ALPHABET)(features)]


def test_the_best_classes_are_those_of_the_whole_network_if_all_columns_are_looked_at(network, tmp_path):
    (classes, scores), (found, found_scores) = both(network, np.inf, tmp_path)
    assert np.array_equal(found, classes)
    assert np.allclose(found_scores, scores, atol=1e-5)
    assert {2, 4} & set(found.ravel())


def test_wide_characters_are_not_looked_at_where_another_class_is_certain(network, tmp_path):
    (classes, _), (found, _) = both(network, -np.inf, tmp_path)
    assert {2, 4} & set(classes.ravel())
    assert not {2, 4} & set(found.ravel())


def test_one_wide_character_in_an_uncertain_column_makes_all_columns_of_its_strip_looked_at(tmp_path):
    weights = np.zeros((2, len(ALPHABET)), np.float32)
    weights[0, [1, 2]] = 10, 20  # where the first feature is 1, a wide character wins over a certain other class
    weights[1, 2] = 1  # where the second one is, it wins over an uncertain one
    np.savez(tmp_path / HEAD, weights=weights, bias=np.zeros(len(ALPHABET), np.float32), certain=np.float32(5))
    certain, uncertain = [1, 0], [0, 1]
    classes, _ = Head(tmp_path / HEAD, ALPHABET)(np.array([[certain, certain], [certain, uncertain]], np.float32))
    assert classes.tolist() == [[1, 1], [2, 2]]


def test_a_network_with_another_end_is_refused(tmp_path):
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["z"]), helper.make_node("Softmax", ["z"], ["y"])],
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
    )
    with pytest.raises(ValueError, match="does not end with a product, a bias and a softmax"):
        cut_off_head(helper.make_model(graph), tmp_path / HEAD, 1.0)


@pytest.mark.parametrize("published", [RECOGNISER, QUICK_RECOGNISER], ids=lambda network: network.name)
def test_the_packaged_recognisers_in_two_parts_read_what_they_read_whole(published: Published):
    engine = PaddleEngine(precision="f32")
    known = engine.lines.recogniser if published is RECOGNISER else engine.lines.quick
    strips = np.random.default_rng(7).uniform(-1, 1, (2, 3, 48, 160)).astype(np.float32)
    whole = session(str(packaged_folder(published) / WEIGHTS)).run(None, {"x": strips})[0]
    classes, scores = known.network(strips)
    expected, expected_scores = best_classes(whole)
    assert np.array_equal(classes, expected)
    assert np.allclose(scores, expected_scores, atol=1e-3)


def test_a_missing_file_of_the_last_layer_is_written_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = packaged_folder(QUICK_RECOGNISER, headless=True)
    (folder / HEAD).unlink()
    assert packaged_folder(QUICK_RECOGNISER, headless=True) == folder
    assert (folder / HEAD).is_file()
