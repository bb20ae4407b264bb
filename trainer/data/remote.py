"""Opens URLs with fsspec, and makes the error for a URL that cannot be reached."""

from __future__ import annotations

from typing import Any

from schemas import UsageError
from trainer.startup import needs_extra

LOGINS = {
    "gs": "check it; `gcloud auth application-default login` logs in",
    "s3": "check it; `aws configure` logs in; for a public bucket FSSPEC_S3_ANON=true needs no login",
}


def open_url(flag: str, url: str) -> tuple[Any, str]:
    """Returns the file system of a URL or a local path, and the path in it. It does not connect yet.

    Args:
        flag: the flag that had the URL, for the error message.
        url: a URL or a local path.

    Raises:
        UsageError: no installed package supports this kind of URL.
    """
    with needs_extra("remote"):
        from fsspec.core import url_to_fs
    try:
        return url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise UsageError(f"{flag} {url}: {error}; install the extra `remote` for gs://, s3:// and https://.") from error


def unreachable(flag: str, url: str, error: Exception) -> UsageError:
    """Returns the error for a file system that fails. For some kinds of URL its message says how to log in.

    Args:
        flag: the flag that had the URL.
        url: a URL or a local path.
        error: the error of the file system.
    """
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    advice = LOGINS.get(url.partition("://")[0], "check it")
    return UsageError(f"{flag} {url} cannot be reached ({reason}): {advice}.")
