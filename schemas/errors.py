"""Errors that a user can cause. The message names the file, flag or value and says what to do."""

from __future__ import annotations


class FolioError(Exception):
    """The run cannot continue. The message is for the user and is shown without a traceback. Exit code 1."""

    exit_code = 1


class UsageError(FolioError):
    """A flag, a path or a combination of them is wrong. Nothing has been done yet. Exit code 2."""

    exit_code = 2


class SchemaError(FolioError):
    """This version of the schema cannot read a corpus, a shard or a sample. Exit code 1."""
