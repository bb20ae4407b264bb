"""URLs, as fsspec takes them, and what to say of those that cannot be used."""

from __future__ import annotations

from typing import Any

from schemas import UsageError
from trainer.startup import needs_extra

LOGINS = {
    "gs": "check it; `gcloud auth application-default login` logs in",
    "s3": "check it; `aws configure` logs in, FSSPEC_S3_ANON=true does without where the bucket is public",
}


def open_url(flag: str, url: str) -> tuple[Any, str]:
    """Returns the file system of a URL or a local path, not asked anything yet, and the path there.

    Raises:
        UsageError: no package that is installed knows this kind of URL.
    """
    with needs_extra("remote"):
        from fsspec.core import url_to_fs
    try:
        return url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise UsageError(f"{flag} {url}: {error}; the extra `remote` brings gs://, s3:// and https://.") from error


def unreachable(flag: str, url: str, error: Exception) -> UsageError:
    """Returns what to raise where a file system fails, with the way to log in where that may be missing."""
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    cure = LOGINS.get(url.partition("://")[0], "check it")
    return UsageError(f"{flag} {url} cannot be reached ({reason}): {cure}.")
