"""The base of all parts of the settings: options with a help text, and limits for numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from schemas import UsageError
from schemas.support.home import expanded

MAX_INT = 2**31 - 1  # the product of two such numbers still fits into 64 bits


def option(default: Any, help_text: str, *, minimum: int | None = None, maximum: int = MAX_INT) -> Any:
    """Returns the dataclass field of a setting that is also a flag.

    Args:
        help_text: shown by `--help`.
        minimum: smallest value allowed, 0 or 1; None: no limit, or not a number.
        maximum: largest value allowed for an integer.
    """
    return field(default=default, metadata={"help": help_text, "minimum": minimum, "maximum": maximum})


def path_option(default: str, help_text: str) -> Any:
    """Returns the dataclass field of a path. A leading `~` in its value stands for the home directory.

    Args:
        help_text: shown by `--help`.
    """
    return field(default=default, metadata={"help": help_text, "path": True})


@dataclass(frozen=True)
class SettingsPart:
    """A group of settings. A command inherits from the parts that it needs. Each part checks its own values.

    Raises:
        UsageError: a number is out of its range. The message names the flag.
    """

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.metadata.get("path"):
                object.__setattr__(self, item.name, _expanded(item.name, getattr(self, item.name)))
            value, minimum = getattr(self, item.name), item.metadata.get("minimum")
            if minimum is not None and not value >= minimum:  # true for nan, too
                limit = f"be at least {minimum}" if minimum else "not be negative"
                raise UsageError(f"--{item.name} must {limit}, got {value}")
            if isinstance(value, int) and value > item.metadata.get("maximum", value):
                raise UsageError(f"--{item.name} must be at most {item.metadata['maximum']}, got {value}")


def _expanded(name: str, value: str | list[str]) -> str | list[str]:
    if not isinstance(value, str):
        return [str(_expanded(name, path)) for path in value]
    if (path := expanded(value)).startswith("~"):
        raise UsageError(f"--{name} {value}: the home directory is unknown; write the whole path.")
    return path
