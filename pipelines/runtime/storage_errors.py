"""The exception types that reading and writing files may raise, without importing any file system."""

from __future__ import annotations

import sys

ERRORS = (
    ("apache_beam.io.filesystem", "BeamIOError"),
    ("google.api_core.exceptions", "GoogleAPIError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
)


def storage_errors() -> tuple[type[Exception], ...]:
    """Returns `OSError` and the error types of the storage clients that are imported by now.

    Beam does not convert all errors of the clients that it uses.
    """
    return OSError, *(getattr(sys.modules[module], name) for module, name in ERRORS if module in sys.modules)
