"""Suggests the setting that a user may have meant by an unknown name."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def nearest(name: str, known: Collection[str], cutoff: float = 0.6) -> str | None:
    """Returns the known setting that is most similar to a name.

    The last part of a setting is also enough, and so are its initials if no other setting has the same initials: `lr`
    and `learning_rate` both find `optimizer.learning_rate`.

    Args:
        name: what the user wrote.
        known: the names of all settings, such as `optimizer.learning_rate`.
        cutoff: how similar a name must be, 0..1 (see `difflib.get_close_matches`).

    Returns:
        The setting, or None if no setting is similar.
    """
    parts = {setting.rpartition(".")[2]: setting for setting in known} | {setting: setting for setting in known}
    if close := get_close_matches(name, parts, n=1, cutoff=cutoff):
        return parts[close[0]]
    shortened = [setting for setting in known if _initials(setting) == name]
    return shortened[0] if len(shortened) == 1 else None


def _initials(setting: str) -> str:
    return "".join(word[:1] for word in setting.rpartition(".")[2].split("_"))
