"""A source of settings: a YAML file, a flag or an override. It knows how to name one of its keys in a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from schemas import UsageError


@dataclass(frozen=True)
class Source:
    """Settings from one place.

    Attributes:
        values: the settings.
        file: the path of the YAML file, or "" for the command line.
        flag: whether the settings are a flag.
        lines: line of each key in the file, from 1, by the full name of the key.
    """

    values: DictConfig
    file: str = ""
    flag: bool = False
    lines: Mapping[str, int] = field(default_factory=dict)

    def where(self, key: str) -> str:
        """Returns the place of a key as the beginning of a message, `own.yaml, line 3: `; "" on the command line."""
        line = f", line {self.lines[key]}" if key in self.lines else ""
        return f"{self.file}{line}: " if self.file else ""

    def named(self, key: str) -> str:
        """Returns a key as it was written, with its place: `own.yaml, line 3: optimizer.eps`, `--seed`, `seed`."""
        return f"{self.where(key)}{'--' if self.flag else ''}{key}"

    def value(self, key: str) -> Any:
        """Returns the value of a key as it was given; None if there is none."""
        value: Any = OmegaConf.to_container(self.values)
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value


def from_file(path: Path) -> Source:
    """Returns the settings of a YAML file.

    Raises:
        UsageError: it cannot be read, or contains something else.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"))
        if not isinstance(root, (yaml.MappingNode, type(None))):
            raise UsageError(f"--config {path} contains no `key: value` settings")
        return Source(cast(DictConfig, OmegaConf.load(path)), str(path), lines=dict(_lines(root)))
    except OSError as error:
        raise UsageError(
            f"--config {path} cannot be read ({error.strerror}): give a YAML file, such as RUN/config.yaml of a run."
        ) from error
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UsageError(f"--config {path}{line} cannot be read: {error.problem}") from error
    except (UnicodeDecodeError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise UsageError(f"--config {path} cannot be read: {first_line(error)}") from error


def from_flag(name: str, value: str | list[str]) -> Source:
    """Returns the setting of a flag."""
    return Source(OmegaConf.create({name: value}), flag=True)


def from_override(text: str) -> Source:
    """Returns the setting of `key=value`.

    Raises:
        UsageError: the text does not have this form.
    """
    key, sign, _ = text.partition("=")
    if not sign or not all(key.split(".")):
        raise UsageError(f"{text}: expected key=value, as in optimizer.learning_rate=1e-3")
    try:
        return Source(OmegaConf.from_dotlist([text]))
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        reason = error.problem if isinstance(error, yaml.MarkedYAMLError) else first_line(error)
        raise UsageError(f"{text}: the value cannot be read: {reason}") from error


def first_line(error: Exception) -> str:
    """Returns the first line of the message of an error."""
    return str(error).splitlines()[0]


def _lines(node: yaml.Node | None, prefix: str = "") -> list[tuple[str, int]]:
    """Returns the full name and the line of each key of a mapping."""
    found = []
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode):
            name = f"{prefix}{key.value}"
            found += [(name, key.start_mark.line + 1), *_lines(value, f"{name}.")]
    return found
