"""Addresses that open a page of a document in a browser."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from pipelines.runtime.files import is_local

_WEB = ("http://", "https://")
_KEPT_IN_A_URL = "%/:?&=+,;@!~*()[]$'"  # all that has a meaning in one, but the fragment's mark


def document_link(uri: str, page: int = 0) -> str | None:
    """Returns the address of a document, open at `page` (from 1; 0 for the document as a whole).

    Whatever the document is called, the address is `file:`, `http:` or `https:`.

    Returns:
        `None` where a browser here cannot open it: a bucket, or a file that is gone.
    """
    if uri.startswith(_WEB):
        address = quote(uri, safe=_KEPT_IN_A_URL)
    elif is_local(uri) and _is_file(Path(uri)):
        address = Path(uri).absolute().as_uri()
    else:
        return None
    return f"{address}#page={page}" if page else address


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or one with a NUL in it
        return False
