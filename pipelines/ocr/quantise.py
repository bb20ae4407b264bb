"""Eight-bit copies of the networks, for processors that multiply bytes at twice the pace of bf16.

The layers that cost most take unsigned bytes in, with one scale for the whole tensor, and multiply them by signed ones,
with a scale for each output channel (Jacob et al., 2018, section 2); all else stays in floating point. The copy is
plain ONNX: inputs and weights of such a layer pass through `QuantizeLinear` and `DequantizeLinear`, and what runs the
network does the arithmetic in between in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_OPSET = 13  # the first that gives each channel its own scale
_CHANNEL_AXIS = {"Conv": 0, "MatMul": 1}  # where a layer's weights count its outputs
_MIN_WEIGHTS = 4096  # smaller layers gain less than the conversion of their inputs costs

Ranges = Mapping[str, tuple[float, float]]


def quantise(weights: Path, ranges: Ranges, target: Path) -> None:
    """Writes a copy of an ONNX file whose costly layers multiply bytes.

    Args:
        weights: the network in floating point.
        ranges: least and greatest value of the inputs of the layers to change; zero lies between them.
        target: the file to write.
    """
    import onnx

    model = load(weights)
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    costly = {node.name for node in costly_layers(model)}
    nodes = []
    for node in model.graph.node:
        if node.name in costly and node.input[0] in ranges:
            nodes += _through_bytes(model.graph, node, 0, *_input_scale(*ranges[node.input[0]]))
            axis = _CHANNEL_AXIS[node.op_type]
            nodes += _through_bytes(model.graph, node, 1, *_weight_scales(constants[node.input[1]], axis), axis)
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, target)


def load(weights: Path) -> Any:
    """Returns the network as an ONNX model of the version that copies are written in, with a name for each node."""
    import onnx
    from onnx import version_converter

    model = version_converter.convert_version(onnx.load(weights), _OPSET)
    for index, node in enumerate(model.graph.node):
        node.name = node.name or f"node.{index}"
    return model


def costly_layers(model: Any) -> list[Any]:
    """Returns the nodes whose arithmetic is worth doing in bytes: large products with constants, none by channel."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    return [
        node
        for node in model.graph.node
        if node.op_type in _CHANNEL_AXIS
        and np.prod(shapes.get(node.input[1], 0)) >= _MIN_WEIGHTS
        and shapes[node.input[1]][1] > 1
    ]


def _through_bytes(graph: Any, node: Any, position: int, scale: np.ndarray, zero: np.ndarray, axis: int = 0) -> Any:
    """Makes an input of a node pass through bytes; returns the two nodes that are to stand before it."""
    from onnx import helper, numpy_helper

    name = f"{node.name}.{position}"
    graph.initializer.extend(
        (numpy_helper.from_array(scale, f"{name}.scale"), numpy_helper.from_array(zero, f"{name}.zero"))
    )
    names = [f"{name}.scale", f"{name}.zero"]
    to_bytes = helper.make_node("QuantizeLinear", [node.input[position], *names], [f"{name}.bytes"], axis=axis)
    back = helper.make_node("DequantizeLinear", [f"{name}.bytes", *names], [f"{name}.read"], axis=axis)
    node.input[position] = f"{name}.read"
    return to_bytes, back


def _input_scale(least: float, greatest: float) -> tuple[np.ndarray, np.ndarray]:
    scale = (greatest - least) / 255
    return np.array(scale, np.float32), np.array(round(-least / scale), np.uint8)


def _weight_scales(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    others = tuple(other for other in range(values.ndim) if other != axis)
    scales = np.maximum(np.abs(values).max(axis=others), np.finfo(np.float32).tiny) / np.float32(127)
    return scales, np.zeros(len(scales), np.int8)
