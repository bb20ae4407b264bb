"""What must happen before anything heavy is imported. Standard library only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

WRONG_USAGE = 2
OUR_PACKAGES = ("schemas", "pipelines", "trainer")


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Around imports: a package that is not installed ends the program with the line that installs it.

    Raises:
        ModuleNotFoundError: a module of Folio itself is missing, which no extra brings.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OUR_PACKAGES:
            raise
        if os.environ.get("RANK", "0") == "0":
            sys.stderr.write(f"error: {error.name} is not installed: pip install '.[{extra}]' in Folio's folder\n")
        raise SystemExit(WRONG_USAGE) from error
