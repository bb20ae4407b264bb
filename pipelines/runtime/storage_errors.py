"""What reading and writing files may raise, told without importing a file system."""

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
    """Returns what may be raised by now: Beam passes on some errors of the clients that it uses."""
    return OSError, *(getattr(sys.modules[module], name) for module, name in ERRORS if module in sys.modules)
