"""Text that tables and JSON can store."""

from __future__ import annotations


def printable(text: str) -> str:
    """Escapes bytes of a file name or of a library's message that are not valid UTF-8.

    Python has decoded them as lone surrogates, which UTF-8 cannot store.
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
