"""What the parts of the settings have in common: options with a help text, and limits for numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from schemas import UsageError

MOST_OF_ANY = 2**31 - 1  # so that products of two are still 64-bit numbers


def option(default: Any, about: str, *, least: int | None = None, most: int = MOST_OF_ANY) -> Any:
    """Returns the field of a setting that is a flag.

    Args:
        about: its help text.
        least: 0 or 1: the lowest value, None for no limit and for what is not a number.
        most: the highest value of a whole number.
    """
    return field(default=default, metadata={"help": about, "least": least, "most": most})


@dataclass(frozen=True)
class SettingsPart:
    """Settings that belong together. Parts are composed by inheritance; each checks itself.

    Raises:
        UsageError: a number out of its range; the flag is named.
    """

    def __post_init__(self) -> None:
        for item in fields(self):
            value, least = getattr(self, item.name), item.metadata.get("least")
            if least is not None and not value >= least:  # which nan is not either
                limit = f"be at least {least}" if least else "not be negative"
                raise UsageError(f"--{item.name} must {limit}, got {value}")
            if isinstance(value, int) and value > item.metadata.get("most", value):
                raise UsageError(f"--{item.name} must be at most {item.metadata['most']}, got {value}")
