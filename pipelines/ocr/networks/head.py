"""The last layer of a recogniser, apart from the network: from features to the best class of each column.

This layer has 6,906 or 18,710 classes, most of them Chinese characters, and takes a fifth of the time of the quick
network. Where one of the other characters has a high logit, no Chinese character comes near it, so that most of the
layer need not be computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.lines.direction import is_wide

HEAD = "head.npz"  # file in a model folder whose network ends with the features

Best = tuple[np.ndarray, np.ndarray]
"""The best class of each column and its probability: `(n, columns)` integers and `(n, columns)` float32."""


def best_classes(probabilities: np.ndarray) -> Best:
    """Returns the best classes from `(n, columns, classes)` probabilities."""
    return probabilities.argmax(axis=2), probabilities.max(axis=2)


def cut_off_head(model: Any, target: Path, certain: float) -> Any:
    """Returns an ONNX recogniser without its last layer, and writes this layer to a file.

    Args:
        model: the network, which ends with a product with constant weights, a bias and a softmax.
        target: the file to write, see `Head`.
        certain: see `Head`.

    Raises:
        ValueError: the network ends with something else.
    """
    from onnx import numpy_helper
    from onnx.utils import Extractor

    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    product, bias, _ = _last_nodes(model.graph)
    weights, values = (numpy_helper.to_array(constants[node.input[1]]) for node in (product, bias))
    np.savez(target, weights=weights, bias=values, certain=np.float32(certain))
    return Extractor(model).extract_model([model.graph.input[0].name], [product.input[0]])


def _last_nodes(graph: Any) -> list[Any]:
    """Returns the product, the bias and the softmax with which a network ends. Identities do not count."""
    producers = {node.output[0]: node for node in graph.node}
    name = graph.output[0].name
    nodes: list[Any] = []
    while len(nodes) < 3 and name in producers:
        node = producers[name]
        nodes += [] if node.op_type == "Identity" else [node]
        name = node.input[0]
    if [node.op_type for node in reversed(nodes)] != ["MatMul", "Add", "Softmax"]:
        raise ValueError("the network does not end with a product, a bias and a softmax")
    return nodes[::-1]


class Head:
    """The last layer of a recogniser: a product, a bias and a softmax.

    Wide characters (Chinese, Japanese, Korean, full-width) are looked at only in the columns where no other class has a
    logit of at least `certain`, and in all columns of a strip that has a wide character in one of those.

    Args:
        file: weights `(features, classes)`, bias `(classes,)` and `certain`, as `cut_off_head` writes them.
        alphabet: the character of each class. Class 0 is the blank.
    """

    def __init__(self, file: Path, alphabet: Sequence[str]) -> None:
        wide = np.array([index > 0 and any(map(is_wide, text)) for index, text in enumerate(alphabet)])
        self._order = np.argsort(wide, kind="stable")  # the wide classes last
        with np.load(file) as content:
            weights, bias, self._certain = content["weights"], content["bias"], float(content["certain"])
        common, rare = np.split(self._order, [int((~wide).sum())])
        self._common, self._common_bias = np.ascontiguousarray(weights[:, common]), bias[common]
        self._rare, self._rare_bias = np.ascontiguousarray(weights[:, rare]), bias[rare]

    def __call__(self, features: np.ndarray) -> Best:
        """Returns the best classes from `(n, columns, features)` float32."""
        logits = features @ self._common + self._common_bias
        classes, best = logits.argmax(axis=2), logits.max(axis=2)
        total = np.exp(logits - best[..., None]).sum(axis=2)
        unsure = best < self._certain
        self._look_at_rare(features, unsure, classes, best, total)
        with_rare = (classes >= len(self._common_bias)).any(axis=1, keepdims=True)
        self._look_at_rare(features, with_rare & ~unsure, classes, best, total)
        return self._order[classes], 1 / total

    def _look_at_rare(
        self, features: np.ndarray, where: np.ndarray, classes: np.ndarray, best: np.ndarray, total: np.ndarray
    ) -> None:
        """Updates the best classes, their logits, and the sums of exponentials relative to these logits."""
        if not where.any() or not len(self._rare_bias):
            return
        logits = features[where] @ self._rare + self._rare_bias
        greatest, before = logits.max(axis=1), best[where]
        best[where] = after = np.maximum(greatest, before)
        total[where] = total[where] * np.exp(before - after) + np.exp(logits - after[:, None]).sum(axis=1)
        found = len(self._common_bias) + logits.argmax(axis=1)
        classes[where] = np.where(greatest > before, found, classes[where])


def best_of(folder: Path | None, alphabet: Sequence[str]) -> Callable[[np.ndarray], Best]:
    """Returns what makes the best classes from the output of the network in a model folder."""
    if folder is None or not (folder / HEAD).is_file():
        return best_classes
    return Head(folder / HEAD, alphabet)
