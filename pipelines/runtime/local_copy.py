"""A document's bytes as a file on this machine, and whose fault it is where they cannot be had."""

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
from schemas import FolioError

logger = logging.getLogger("pipelines")

RETRY_WAITS_S = (1.0, 4.0, 16.0)
# What is wrong with one file and will still be wrong in a minute. Everything else is taken for a passing fault of the
# network or the machine: to record that as the document's would lose a good document for ever.
_OF_THE_FILE = {
    errno.ENOENT,
    errno.EACCES,
    errno.EPERM,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EIO,
}
_OF_THE_OBJECT = {403, 404, 410}  # HTTP: forbidden, not found, gone


class UnreadableError(OSError):
    """A file that is not there, may not be read, or is none: the fault is its own, and trying again is no use."""


def local_copy(uri: str, scratch: Path, waits_s: Sequence[float] = RETRY_WAITS_S) -> Path:
    """Returns a local path with the bytes of `uri`: the file itself, or a copy in the directory `scratch`.

    Args:
        waits_s: how long to wait before each further try after a fault that may pass.

    Raises:
        UnreadableError: the file cannot be read, now or later.
        FolioError: it could not be fetched, though it may be there.
    """
    for wait_s in (*waits_s, None):
        try:
            return _local_file(uri, scratch) if is_local(uri) else _copy(uri, scratch)
        except Exception as error:
            if _is_of_the_file(error):
                raise UnreadableError(str(error)) from error
            if wait_s is None:
                tries = len(waits_s) + 1
                raise FolioError(
                    f"{uri} could not be fetched in {tries} tries ({error}). "
                    "What is finished is kept; run the same command again to go on."
                ) from error
            logger.warning("%s: %s; trying again in %g s", uri, error, wait_s)
            time.sleep(wait_s)
    raise AssertionError("the last try returns or raises")


def _is_of_the_file(error: Exception) -> bool:
    if isinstance(error, (UnreadableError, ValueError)):  # ValueError: no path or uri can be spelt like this
        return True
    code = getattr(error, "code", None)  # of the errors of Google's and Amazon's clients
    return code in _OF_THE_OBJECT or (isinstance(error, OSError) and error.errno in _OF_THE_FILE)


def _local_file(uri: str, scratch: Path) -> Path:
    path = Path(uri)
    if not os.path.lexists(path):
        path = _spelt_out(uri, scratch) or path
    if path.exists() and not path.is_file():  # opening a named pipe would wait for ever
        raise UnreadableError(f"{uri} is no regular file")
    path.open("rb").close()  # a missing file should fail here, not in a child process
    return path


def _spelt_out(uri: str, scratch: Path) -> Path | None:
    """Finds the file whose name is no UTF-8, so that `discover` spelt it out, and links it under a name that is."""
    name = re.sub(rb"\\x([89a-f][0-9a-f])", lambda found: bytes.fromhex(found[1].decode()), uri.encode())
    if name == uri.encode() or not os.path.lexists(name):
        return None
    link = scratch / hashlib.sha256(name).hexdigest()
    if not link.is_symlink():
        link.symlink_to(Path(os.fsdecode(name)).absolute())
    return link


def _copy(uri: str, scratch: Path) -> Path:
    copy = scratch / hashlib.sha256(uri.encode()).hexdigest()
    if not copy.exists():
        part = copy.with_suffix(".part")
        with part.open("wb") as target, open_read(uri) as source:
            shutil.copyfileobj(source, target, 1 << 20)
        part.rename(copy)
    return copy
