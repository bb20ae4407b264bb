"""Creates eight-bit copies of the networks, for processors that multiply int8 two times as fast as bf16.

The most expensive layers get uint8 inputs, with one scale per tensor, and int8 weights, with one scale per output
channel (Jacob et al., 2018, section 2). All other layers stay in floating point. The copy is plain ONNX: inputs and
weights of such a layer pass through `QuantizeLinear` and `DequantizeLinear`, and the ONNX runtime does the arithmetic
in eight bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_OPSET = 13  # the first version with one scale per channel
_CHANNEL_AXIS = {"Conv": 0, "MatMul": 1}  # the axis of the output channels in a layer's weights
_MIN_WEIGHTS = 4096  # for smaller layers, the conversion of the inputs costs more than int8 gains

Ranges = Mapping[str, tuple[float, float]]
"""Name of a layer's input tensor -> its minimum and maximum value."""


def quantise(weights: Path, ranges: Ranges, target: Path) -> None:
    """Writes a copy of an ONNX file whose most expensive layers compute in eight bits.

    Args:
        weights: the network in floating point.
        ranges: minimum and maximum of the inputs of the layers to change. Zero must be in each range.
        target: the file to write.
    """
    import onnx

    model = load(weights)
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    costly = {node.name for node in costly_layers(model)}
    nodes = []
    for node in model.graph.node:
        if node.name in costly and node.input[0] in ranges:
            nodes += _through_int8(model.graph, node, 0, *_input_scale(*ranges[node.input[0]]))
            axis = _CHANNEL_AXIS[node.op_type]
            nodes += _through_int8(model.graph, node, 1, *_weight_scales(constants[node.input[1]], axis), axis)
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, target)


def load(weights: Path) -> Any:
    """Returns the network as an ONNX model, converted to the version of the copies, with a name for each node."""
    import onnx
    from onnx import version_converter

    model = version_converter.convert_version(onnx.load(weights), _OPSET)
    for index, node in enumerate(model.graph.node):
        node.name = node.name or f"node.{index}"
    return model


def costly_layers(model: Any) -> list[Any]:
    """Returns the nodes that are faster in eight bits: large products with constants, except depthwise convolutions."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    return [
        node
        for node in model.graph.node
        if node.op_type in _CHANNEL_AXIS
        and np.prod(shapes.get(node.input[1], 0)) >= _MIN_WEIGHTS
        and shapes[node.input[1]][1] > 1
    ]


def _through_int8(graph: Any, node: Any, position: int, scale: np.ndarray, zero: np.ndarray, axis: int = 0) -> Any:
    """Makes an input of a node pass through eight bits. Returns the two nodes that must be inserted before the node."""
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


def _input_scale(minimum: float, maximum: float) -> tuple[np.ndarray, np.ndarray]:
    scale = (maximum - minimum) / 255
    return np.array(scale, np.float32), np.array(round(-minimum / scale), np.uint8)


def _weight_scales(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    others = tuple(other for other in range(values.ndim) if other != axis)
    scales = np.maximum(np.abs(values).max(axis=others), np.finfo(np.float32).tiny) / np.float32(127)
    return scales, np.zeros(len(scales), np.int8)
