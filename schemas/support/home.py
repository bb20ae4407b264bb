"""The home directory in paths. A shell expands `--flag ~/x`, but not `--flag=~/x`, and nothing expands a YAML file."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(text: str) -> str:
    """Returns a path with the home directory instead of a leading `~` or `~user`. All other texts are not changed.

    `~user` is not changed if there is no such user.
    """
    return os.path.expanduser(text)  # noqa: PTH111 - Path.expanduser fails for an unknown user, and changes URLs


def expanded_path(text: str) -> Path:
    """Returns `expanded` as a path."""
    return Path(expanded(text))
