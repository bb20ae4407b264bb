"""Links that open a page of a document in a browser."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from pipelines.runtime.files import is_local

_WEB = ("http://", "https://")
_KEPT_IN_A_URL = "%/:?&=+,;@!~*()[]$'"  # all characters with a meaning in a URL, except "#"


def document_link(uri: str, page: int = 0) -> str | None:
    """Returns a link to a page of a document.

    Args:
        uri: path or uri of the document.
        page: page number from 1; 0 links to the document without a page.

    Returns:
        A quoted `file:`, `http:` or `https:` address for any uri, or `None` if a browser on this machine cannot open
        the document: it is in a bucket, or the file does not exist.
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
    except (OSError, ValueError):  # the name is too long or contains a NUL
        return False
