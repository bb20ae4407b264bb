"""Text that tables and JSON can store."""

from __future__ import annotations

from typing import Any


def storable(value: Any) -> str:
    """Returns a value of a JSON file that must be a text.

    Raises:
        TypeError: it is no text.
        ValueError: it contains a lone surrogate, which UTF-8 cannot store.
    """
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    value.encode()  # raises a UnicodeEncodeError, which is a ValueError
    return value


def printable(text: str) -> str:
    """Escapes bytes of a file name or of a library's message that are not valid UTF-8.

    Python has decoded them as lone surrogates, which UTF-8 cannot store.
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
