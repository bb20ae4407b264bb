"""The settings that all training commands share, and their flags.

Every field with a help text is also a flag: `--seed 7` sets the top-level key `seed`. Keys of sections have no flags;
they are set by `section.key=value`.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any, get_type_hints

from trainer.model.config import MODEL_SIZES, ModelConfig
from trainer.settings.data import CorpusSettings, DataSettings
from trainer.settings.engine import EngineSettings
from trainer.settings.part import SettingsPart
from trainer.settings.run import RunSettings

COMMAND = "task"  # heading of the flags that only one command has


@dataclass(frozen=True)
class TrainingConfig(EngineSettings, RunSettings, DataSettings):
    """All parts and the model. The settings of a command inherit from it and add the section of their task.

    Attributes:
        model: the section `model`.
        given_from_corpus: the keys of the model that the corpora decide but the user has set. Not a setting itself.

    Raises:
        UsageError: a value is out of its range.
    """

    model: ModelConfig = MODEL_SIZES["small"]
    given_from_corpus: tuple[str, ...] = field(default=(), compare=False, metadata={"omegaconf_ignore": True})


PARTS: dict[str, tuple[type[SettingsPart], ...]] = {
    "data": (CorpusSettings, DataSettings),
    "run": (RunSettings,),
    "engine": (EngineSettings,),
}
"""The parts of the settings, by the heading under which `--help` lists their flags."""


def flags_by_part(kind: type[TrainingConfig]) -> dict[str, dict[str, str]]:
    """Returns the flags of each part that the settings of a command have, and their help texts with the default."""
    own = {item.name: item for item in fields(kind)}
    names = {part: _names(kind, classes) for part, classes in PARTS.items()}
    names = {COMMAND: [name for name in own if not any(name in known for known in names.values())], **names}
    return {
        part: {
            name: own[name].metadata["help"] + _default_of(own[name]) for name in known if "help" in own[name].metadata
        }
        for part, known in names.items()
    }


def _names(kind: type[TrainingConfig], classes: tuple[type[SettingsPart], ...]) -> list[str]:
    own = [name for part in classes if issubclass(kind, part) for name in part.__annotations__]
    return list(dict.fromkeys(own))


def flags(kind: type[TrainingConfig]) -> list[str]:
    """Returns the name of every flag of a command."""
    return [name for part in flags_by_part(kind).values() for name in part]


def sections(kind: type[TrainingConfig]) -> dict[str, Any]:
    """Returns the dataclass of each section of the settings of a command, by name."""
    types = get_type_hints(kind)
    return {item.name: types[item.name] for item in fields(kind) if is_dataclass(types[item.name])}


def setting_types(kind: type[TrainingConfig]) -> dict[str, str]:
    """Returns the annotated type of every setting of a command, by its name, such as `seed` or `model.d_model`."""
    types = {item.name: str(item.type) for item in fields(kind) if "help" in item.metadata}
    for section, part in sections(kind).items():
        types |= {f"{section}.{item.name}": str(item.type) for item in fields(part)}
    return types


def _default_of(item: Field[Any]) -> str:
    return "" if item.default in ("", MISSING) else f" ({item.default})"


def as_typed(name: str) -> str:
    """Returns the name of a setting as it is typed on the command line: `--seed`, `model.d_model`."""
    return name if "." in name else f"--{name}"
