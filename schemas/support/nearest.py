"""The setting that a person may have meant by a name that is none."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def nearest(name: str, known: Collection[str], cutoff: float = 0.6) -> str | None:
    """Returns the setting that is most like a name, None where none is.

    One of a section is also found by its last part alone, and any by its initials where these are its own: `lr` and
    `learning_rate` are near to `optimizer.learning_rate`.
    """
    parts = {setting.rpartition(".")[2]: setting for setting in known} | {setting: setting for setting in known}
    if close := get_close_matches(name, parts, n=1, cutoff=cutoff):
        return parts[close[0]]
    shortened = [setting for setting in known if _initials(setting) == name]
    return shortened[0] if len(shortened) == 1 else None


def _initials(setting: str) -> str:
    return "".join(word[:1] for word in setting.rpartition(".")[2].split("_"))
