"""The questions of `trainer.predict`: one, or one per field of a YAML file."""

from __future__ import annotations

from pathlib import Path

import yaml

from schemas import UsageError

EXAMPLE = "expected a line per field, as in `total: What is the total?`"


def read_fields(path: Path) -> dict[str, str]:
    """Returns the questions of a YAML file by the names of their fields.

    Raises:
        UsageError: the file cannot be read, a field has no name or no question, or a question is no text.
    """
    try:
        # All scalars are texts: YAML 1.1 would read the name `no` as false.
        fields = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except OSError as error:
        raise UsageError(f"--fields {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"--fields {path} is not YAML: {error}") from error
    if not isinstance(fields, dict) or not fields:
        raise UsageError(f"--fields {path}: {EXAMPLE}")
    for name, question in fields.items():
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"--fields {path}: a field has no name: {EXAMPLE}")
        if not isinstance(question, str) or not question.strip():
            raise UsageError(f"--fields {path}: the field {name} has no question: {EXAMPLE}")
    return fields
