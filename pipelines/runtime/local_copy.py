"""Provides a local copy of a document; separates bad files (recorded) from temporary storage errors (retried)."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from pipelines.runtime.files import is_local, open_read
from pipelines.runtime.scratch import link_in
from schemas import FolioError

logger = logging.getLogger("pipelines")

RETRY_WAITS_S = (1.0, 4.0, 16.0)
# Errors of the file itself, which will not disappear. Every other error counts as a temporary error of the network or
# the machine. If it were recorded as an error of the document, a good document would be lost forever.
_FILE_ERRNOS = {
    errno.ENOENT,
    errno.EACCES,
    errno.EPERM,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EIO,
}
_OBJECT_STATUSES = {403, 404, 410}  # HTTP: forbidden, not found, gone


class UnreadableError(OSError):
    """The file is missing, may not be read, or is not a regular file. A retry would not help."""


def local_copy(uri: str, scratch: Path, waits_s: Sequence[float] = RETRY_WAITS_S) -> Path:
    """Returns a local path with the bytes of `uri`: the file itself, or a copy in the directory `scratch`.

    Args:
        uri: the document, a path or a URI.
        scratch: directory for copies; a copy that is there already is used again.
        waits_s: seconds to wait before each retry after a temporary error.

    Raises:
        UnreadableError: the file itself cannot be read; a retry would not help.
        FolioError: all attempts failed with temporary errors; the file may be good.
    """
    for wait_s in (*waits_s, None):
        try:
            return _local_file(uri, scratch) if is_local(uri) else _copy(uri, scratch)
        except Exception as error:
            if _is_permanent(error):
                raise UnreadableError(str(error)) from error
            if wait_s is None:
                attempts = len(waits_s) + 1
                raise FolioError(
                    f"{uri} could not be fetched in {attempts} attempts ({error}). "
                    "Finished work is kept; run the same command again to continue."
                ) from error
            logger.warning("%s: %s; trying again in %g s", uri, error, wait_s)
            time.sleep(wait_s)
    raise AssertionError("the last attempt returns or raises")


def _is_permanent(error: Exception) -> bool:
    if isinstance(error, (UnreadableError, ValueError)):  # ValueError: not a valid path or URI
        return True
    code = getattr(error, "code", None)  # set on errors of Google's and Amazon's clients
    return code in _OBJECT_STATUSES or (isinstance(error, OSError) and error.errno in _FILE_ERRNOS)


def _local_file(uri: str, scratch: Path) -> Path:
    path = Path(uri)
    if not os.path.lexists(path):
        path = _escaped_file(uri, scratch) or path
    if path.exists() and not path.is_file():  # opening a named pipe would wait forever
        raise UnreadableError(f"{uri} is no regular file")
    path.open("rb").close()  # report a missing file here, not in a child process
    return path


def _escaped_file(uri: str, scratch: Path) -> Path | None:
    """Finds a file whose name is not UTF-8 and links to it in `scratch` under a name that is.

    In such names `discover` has escaped bytes as `\\xNN`.

    Returns:
        The link, or None if there is no such file.
    """
    name = re.sub(rb"\\x([89a-f][0-9a-f])", lambda found: bytes.fromhex(found[1].decode()), uri.encode())
    if name == uri.encode() or not os.path.lexists(name):
        return None
    return link_in(scratch, Path(os.fsdecode(name)))


def _copy(uri: str, scratch: Path) -> Path:
    copy = scratch / hashlib.sha256(uri.encode()).hexdigest()
    if not copy.exists():
        part = copy.with_suffix(".part")
        with part.open("wb") as target, open_read(uri) as source:
            shutil.copyfileobj(source, target, 1 << 20)
        part.rename(copy)
    return copy
