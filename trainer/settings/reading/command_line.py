"""The command line of the training commands: flags set the top-level keys of the settings, `a.b=c` sets all others."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from schemas import UsageError
from trainer.settings.reading.advice import advice_for
from trainer.settings.training import TrainingConfig, flags, flags_by_part, setting_types

NO_VALUE = "--dry_run takes no value: omit it for a real run"


@dataclass(frozen=True)
class Command:
    """A training command.

    Attributes:
        kind: its settings.
        usage: the line of `--help` that shows its form; begins with the name of the script.
        description: the text of `--help` before the flags.
        epilog: the text after the flags.
        own_flags: help texts of the flags that are not settings.
    """

    kind: type[TrainingConfig]
    usage: str
    description: str
    epilog: str
    own_flags: Mapping[str, str]


@dataclass(frozen=True)
class CommandLine:
    """What was typed.

    Attributes:
        own: values of the command's own flags; None: not typed.
        config: value of `--config`.
        values: values of the other flags that were typed.
        overrides: words of the form `a.b=c`.
    """

    own: Mapping[str, str | None]
    config: str | None
    values: Mapping[str, str | list[str]]
    overrides: Sequence[str]


class _Parser(argparse.ArgumentParser):
    """Raises an error instead of exiting, because only one rank reports errors."""

    kind: type[TrainingConfig]

    def error(self, message: str) -> NoReturn:
        flag, _, reason = message.removeprefix("argument ").partition(": ")
        if flag == "--dry_run":
            raise UsageError(NO_VALUE)
        if reason != "expected one argument":
            raise UsageError(message)
        expected = "true or false" if setting_types(self.kind).get(flag[2:]) == "bool" else "a value"
        raise UsageError(f"{flag} needs {expected} after it; see --help")


def read_command_line(command: Command, argv: Sequence[str] | None) -> CommandLine:
    """Returns what was typed.

    Args:
        argv: the words after the program's name; None: those of this process.

    Raises:
        UsageError: a flag is unknown or has no value.
    """
    options, rest = _parser(command).parse_known_args(argv)
    overrides = [word for word in rest if not word.startswith("-")]
    unknown = [word for word in rest if word.startswith("-")]
    if unknown:
        name = unknown[0].partition("=")[0]
        raise UsageError(f"unknown flag {name}{advice_for(name, command.kind, flag=True)}")
    if options.dry_run and {"true", "false"} & set(overrides):
        raise UsageError(NO_VALUE)
    typed = {name: getattr(options, name) for name in flags(command.kind)}
    return CommandLine(
        own={name: getattr(options, name) for name in command.own_flags},
        config=options.config,
        values={name: value for name, value in typed.items() if value is not None},
        overrides=[*overrides, *(["dry_run=true"] if options.dry_run else [])],
    )


def require_given(config: TrainingConfig, names: Sequence[str]) -> None:
    """Raises `UsageError` if one of these settings is empty."""
    for name in names:
        if not getattr(config, name):
            raise UsageError(f"--{name} is missing")


def _parser(command: Command) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=command.usage.split()[0],
        usage=f"[deepspeed|python] trainer/{command.usage}",
        description=command.description,
        epilog=command.epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.kind = command.kind
    for name, text in command.own_flags.items():
        parser.add_argument(f"--{name}", metavar="X", help=text)
    parser.add_argument("--config", metavar="FILE", help="YAML file with any settings, such as RUN/config.yaml")
    parser.add_argument(
        "--dry_run", action="store_true", help="train for ten seconds, write nothing, print what the run needs"
    )
    # The launcher passes this flag. It is ignored: the environment contains the same number.
    parser.add_argument("--local_rank", help=argparse.SUPPRESS)
    for part, part_flags in flags_by_part(command.kind).items():
        group = parser.add_argument_group(part)
        for name, text in part_flags.items():
            group.add_argument(f"--{name}", metavar="X", help=text, action="append" if name == "corpus" else "store")
    return parser
