"""Compares the settings of two starts of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainer.settings.training import as_typed


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Returns a text for each setting that differs, as in `--max_steps was 1000, is 2000`, sorted by name.

    Args:
        before: nested settings; a setting that is missing is None.
        after: the same for the later start.
    """
    first, second = flat(before), flat(after)
    names = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    return [change(name, first, second) for name in names]


def change(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Returns the text of a changed setting.

    Args:
        name: a key of both, such as `seed` or `model.d_model`.
        before: flat settings.
        after: the same for the later start.
    """
    return f"{as_typed(name)} was {before.get(name)!r}, is {after.get(name)!r}"


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns nested settings as one dictionary with keys such as `model.d_model`."""
    result: dict[str, Any] = {}
    for name, value in settings.items():
        result.update(flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value})
    return result
