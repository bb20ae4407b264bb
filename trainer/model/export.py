"""Writes and reads an exported model: a folder with `config.json`, `model.safetensors` and the tokenizer's files.

`heads.safetensors` contains the heads of the task, `task.json` what else the use of a fine-tuned model needs.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from schemas.errors import FolioError, UsageError
from schemas.tokenizer import Tokenizer, load_tokenizer
from schemas.version import VERSION
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.hub.bundle import hub_config, write_hub_files

MODEL_DIR = "model"  # folder of the exported model in the directory of a run
MODEL_TYPE = "docformer_v2"
FORMAT_VERSION = 1
RECORD = ("model_type", "format_version", "folio_version", "steps")
HUB = (*hub_config(0, 0), "transformers_version", "dtype", "torch_dtype", "use_cache")  # what transformers writes, too
NO_SETTINGS = {*RECORD, *HUB}  # keys of config.json
CONFIG, WEIGHTS, HEADS, TASK = "config.json", "model.safetensors", "heads.safetensors", "task.json"
TIED = {"vocabulary.weight"}


def export_model(
    model: DocFormerV2,
    tokenizer: Tokenizer,
    out_dir: str | Path,
    steps: int,
    task: Mapping[str, Any] | None = None,
) -> None:
    """Writes the model. The weights keep their precision. Tied weights are written once.

    All files are written to a temporary folder first, so a failed export does not damage an earlier one in `out_dir`.

    Args:
        model: the model to export.
        tokenizer: its tokenizer, which is saved with it.
        out_dir: the folder to write; it is created if needed.
        steps: optimizer steps for which it was trained.
        task: what the use of a fine-tuned model needs besides the network; becomes `task.json`. Its `settings` are
            those of the task; `boxes` is `removed` if the model sees no boxes.

    Raises:
        FolioError: the folder cannot be written, for example because the disk is full.
    """
    half = Path(out_dir).with_name(f"{Path(out_dir).name}.part")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    try:
        _write(model, tokenizer, half, steps)
        write_hub_files(half, model.config, task)
        if task is not None:
            (half / TASK).write_text(json.dumps(task, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except (OSError, SafetensorError) as error:
        shutil.rmtree(half)
        raise FolioError(f"{out_dir} cannot be written: {error}. Free disk space and repeat the command") from error
    Path(out_dir).mkdir(exist_ok=True)
    for path in half.iterdir():
        path.replace(Path(out_dir, path.name))
    half.rmdir()


def _write(model: DocFormerV2, tokenizer: Tokenizer, out: Path, steps: int) -> None:
    record = {"model_type": MODEL_TYPE, "format_version": FORMAT_VERSION, "folio_version": VERSION, "steps": steps}
    hub = hub_config(model.config.pad_id, model.config.eos_id)
    (out / CONFIG).write_text(json.dumps(record | asdict(model.config) | hub, indent=2) + "\n")
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    heads = {name: value for name, value in state.items() if name.startswith("heads.")}
    network = {name: value for name, value in state.items() if name not in heads and name not in TIED}
    save_file(network, out / WEIGHTS, {"format": "pt"})
    if heads:
        save_file(heads, out / HEADS, {"format": "pt"})
    for path in out.glob("*.safetensors"):
        shutil.copymode(out / CONFIG, path)  # safetensors lets only the owner read it
    tokenizer.save(out)


def load_model(
    directory: str | Path, heads: Callable[[ModelConfig], nn.Module | None] | None = None
) -> tuple[DocFormerV2, Tokenizer]:
    """Loads a model that `export_model` wrote.

    Args:
        directory: the folder.
        heads: makes the heads, see `DocFormerV2`; None: the model is loaded without heads.

    A setting that an older Folio did not have gets its default.

    Returns:
        The model on the CPU in evaluation mode, and its tokenizer. Its logits are bit-identical to those of the
        exported model.

    Raises:
        FolioError: the folder contains no exported model, a file is missing or damaged, its format is newer, or weights
            and config do not match.
    """
    folder = Path(directory)
    config = read_config(folder)
    weights = read_weights(folder, heads=heads is not None)
    try:
        model = DocFormerV2(config, heads)
    except (RuntimeError, TypeError) as error:  # more memory than there is, or a number above 64 bits
        reason = str(error).partition("\n")[0]
        raise FolioError(f"{folder}/{CONFIG} describes a model that cannot be made here ({reason})") from error
    expected = {name: value.shape for name, value in model.state_dict().items() if name not in TIED}
    found = {name: value.shape for name, value in weights.items() if value.is_floating_point()}
    if faults := [name for name in {**weights, **expected} if found.get(name) != expected.get(name)]:
        raise FolioError(
            f"{folder}: {WEIGHTS} does not fit {CONFIG} at {faults[0]}. {_versions(_read_record(folder))}: "
            "export the model again."
        )
    model.to(next(iter(weights.values())).dtype).load_state_dict(weights, strict=False)
    return model.eval(), read_tokenizer(folder)


def is_exported(folder: Path) -> bool:
    """Returns whether a folder contains a model of the type that `export_model` writes."""
    try:
        _read_record(folder)
    except FolioError:
        return False
    return True


def exported_in(path: Path) -> Path:
    """Returns the folder of the exported model of a run. A path that is not a run is returned as it is."""
    return path / MODEL_DIR if is_exported(path / MODEL_DIR) else path


def read_steps(folder: Path) -> int:
    """Returns the optimizer steps for which an exported model was trained; 0: an older Folio, which did not write them.

    Raises:
        FolioError: the folder contains no exported model.
    """
    steps = _read_record(folder).get("steps", 0)
    return steps if isinstance(steps, int) else 0


def read_config(folder: Path) -> ModelConfig:
    """Returns the settings of an exported model.

    Raises:
        FolioError: the folder contains no exported model, or the settings are not those of a model of this Folio.
    """
    record = _read_record(folder)
    if not isinstance(version := record.get("format_version", 0), int):
        raise FolioError(f"{folder}/{CONFIG} is damaged (format_version {version!r}): export the model again.")
    if version > FORMAT_VERSION:
        raise FolioError(f"{folder} has a newer format. {_versions(record)}: install a newer Folio.")
    settings = {name: value for name, value in record.items() if name not in NO_SETTINGS}
    try:
        _require_settings(settings)
        return ModelConfig(**settings)
    except (TypeError, UsageError) as error:
        raise FolioError(
            f"{folder}/{CONFIG} does not fit. {_versions(record)}: {error}. Use the version that wrote it, or export "
            "the model again."
        ) from error


def read_weights(folder: Path, *, heads: bool = False) -> dict[str, Tensor]:
    """Returns the weights of an exported model by name.

    Args:
        heads: whether to return also the weights of the heads, if the model was exported with them.

    Raises:
        FolioError: a file cannot be read.
    """
    paths = [folder / WEIGHTS, *([folder / HEADS] if heads and (folder / HEADS).exists() else [])]
    weights: dict[str, Tensor] = {}
    for path in paths:
        try:
            weights |= load_file(path)
        except (OSError, SafetensorError) as error:
            raise FolioError(f"{path} cannot be read ({error}): export the model again.") from error
    return weights


def read_tokenizer(folder: Path) -> Tokenizer:
    """Returns the tokenizer of an exported model.

    Raises:
        FolioError: its file is missing or damaged.
    """
    try:
        return load_tokenizer(str(folder))
    except FolioError as error:
        reason = str(error).removeprefix("--tokenizer ")
        raise FolioError(f"the tokenizer of the model cannot be read ({reason}): export the model again") from error


def _read_record(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FolioError(f"{folder} contains no {CONFIG}: give the folder of an exported model") from error
    except OSError as error:
        raise FolioError(f"{path} cannot be read ({error.strerror}): give the folder of an exported model") from error
    except (ValueError, RecursionError) as error:
        raise FolioError(f"{path} is damaged ({error}): export the model again") from error
    if not isinstance(record, dict) or record.get("model_type") != MODEL_TYPE:
        raise FolioError(f"{path} does not have model_type {MODEL_TYPE}: give the folder of an exported model")
    return record


def _require_settings(settings: dict[str, Any]) -> None:
    """Raises `TypeError` if a setting is unknown, is missing, or has another type than its field of `ModelConfig`."""
    types = {"int": (int,), "float": (int, float), "bool": (bool,)}
    known = {field.name: field for field in fields(ModelConfig)}
    if unknown := sorted(settings.keys() - known.keys()):
        raise TypeError(f"the setting {unknown[0]} is unknown here")
    for name, field in known.items():
        value = settings.get(name, field.default)
        if value is MISSING:
            raise TypeError(f"the setting {name} is missing")
        if type(value) not in types[str(field.type)]:
            raise TypeError(f"{name} is {value!r}")


def _versions(record: dict[str, Any]) -> str:
    return f"Folio {record.get('folio_version', '0.1.0 or older')} wrote it, and this is Folio {VERSION}"


def read_task(folder: Path) -> dict[str, Any]:
    """Returns the task of a fine-tuned model, as it was passed to `export_model`.

    Raises:
        FolioError: the folder contains no fine-tuned model.
    """
    path = folder / TASK
    try:
        task = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FolioError(f"{folder} has no {TASK}, so it was not fine-tuned: use trainer/finetune.py") from error
    except (OSError, ValueError) as error:
        raise FolioError(f"{path} is damaged ({error}): export the model again") from error
    if not isinstance(task, dict):
        raise FolioError(f"{path} is damaged: export the model again")
    return task
