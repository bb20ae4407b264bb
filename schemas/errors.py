"""Errors that a person can cause. Their text names the file, flag or value and says what to do."""

from __future__ import annotations


class FolioError(Exception):
    """The run cannot go on: the message is for the person who started it, a traceback would not help. Exit code 1."""

    exit_code = 1


class UsageError(FolioError):
    """A flag, a path or a combination of them is wrong, and nothing has been done yet. Exit code 2."""

    exit_code = 2


class SchemaError(FolioError):
    """A corpus, a shard or a sample is not what this version of the schema can read. Exit code 1."""
