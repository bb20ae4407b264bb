"""The argument type for places. Those for numbers are in `schemas.support.arguments`."""

from __future__ import annotations

import argparse


def place(text: str) -> str:
    """Returns a path or URI in the spelling that a corpus stores: a local path becomes absolute.

    Raises:
        argparse.ArgumentTypeError: the text is empty, for example from an unset shell variable. It would mean the
            current directory.
    """
    from pipelines.runtime.files import absolute_uri  # imports Beam, so only here

    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return absolute_uri(text)
