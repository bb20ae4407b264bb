"""Handles missing packages before the heavy imports. Imports only the standard library."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

WRONG_USAGE = 2
OUR_PACKAGES = ("schemas", "pipelines", "trainer")


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Wraps imports. If a package is not installed, ends the program and prints the command that installs it.

    Args:
        extra: the extra of Folio (`pip install '.[extra]'`) that contains the packages.

    Raises:
        SystemExit: a package is not installed; exit code 2.
        ModuleNotFoundError: a module of Folio itself is missing. No extra contains it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OUR_PACKAGES:
            raise
        if os.environ.get("RANK", "0") == "0":
            sys.stderr.write(f"error: {error.name} is not installed: pip install '.[{extra}]' in Folio's folder\n")
        raise SystemExit(WRONG_USAGE) from error
