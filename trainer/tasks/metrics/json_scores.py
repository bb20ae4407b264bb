"""Scores of JSON that is generated from a page (CORD), as Donut computes them (Kim et al. 2022, section 3.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from trainer.tasks.metrics.set_f1 import set_f1


class _Node(NamedTuple):
    """A node of a tree: a key, a group of keys without a name, or a text."""

    label: str
    is_text: bool
    children: list[_Node]


def json_scores(gold: Sequence[Any], predicted: Sequence[Any]) -> dict[str, float]:
    """Returns `ted_accuracy`, the mean over the documents, and `field_f1`, over the fields of all documents.

    A field is the path of keys to a text, with the text. Values of any kind can be predicted.
    """
    pairs = [(_normal(true), _normal(found)) for true, found in zip(gold, predicted, strict=True)]
    fields = set_f1([list(_fields(true)) for true, _ in pairs], [list(_fields(found)) for _, found in pairs])
    return {
        "ted_accuracy": sum(ted_accuracy(*pair) for pair in zip(gold, predicted, strict=True)) / max(len(pairs), 1),
        "field_f1": fields.f1,
    }


def ted_accuracy(gold: Any, predicted: Any) -> float:
    """Returns 1 minus the edit distance between the trees of two JSON values, 0..1.

    The distance is divided by the cost of inserting all of `gold`. If `gold` is empty, only an empty prediction scores
    1.
    """
    from zss import distance

    true, found = _tree(_normal(gold)), _tree(_normal(predicted))
    whole = sum(map(_cost, _descendants(true)))
    edits = distance(found, true, lambda node: node.children, _cost, _cost, _cost_of_change)
    return max(0.0, 1.0 - float(edits) / whole) if whole else float(edits == 0)


def _normal(value: Any) -> Any:
    """Returns lists of texts under keys that are sorted by length and name, without what is empty."""
    if not value:
        return {}
    if isinstance(value, dict):
        kept = ((key, _normal(value[key])) for key in sorted(value, key=lambda key: (len(key), key)))
        return {key: part if isinstance(part, list) else [part] for key, part in kept if part}
    if not isinstance(value, list):
        return [str(value).strip()]
    if all(isinstance(part, dict) for part in value):
        return [part for part in map(_normal, value) if part]
    return [text for part in value if type(part) in (str, int, float) and (text := str(part).strip())]


def _fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yields the path and the text of each leaf of a value in normal form."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _fields(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for part in value:
            yield from _fields(part, path)
    else:
        yield path, value


def _tree(value: Any, label: str = "<root>") -> _Node:
    if isinstance(value, str):
        return _Node(value, True, [])
    if isinstance(value, dict):
        return _Node(label, False, [_tree(part, key) for key, part in value.items()])
    return _Node(label, False, [_tree(part, "<subtree>") for part in value])


def _descendants(node: _Node) -> Iterator[_Node]:
    for child in node.children:
        yield child
        yield from _descendants(child)


def _cost(node: _Node) -> int:
    """Returns the cost of inserting or removing a node."""
    return len(node.label) if node.is_text else 1


def _cost_of_change(one: _Node, other: _Node) -> int:
    from rapidfuzz.distance import Levenshtein

    if one.is_text and other.is_text:
        return Levenshtein.distance(one.label, other.label)
    if one.is_text or other.is_text:
        return 1 + len(one.label if one.is_text else other.label)
    return int(one.label != other.label)
