"""Writes and reads an exported model: a folder with `config.json`, `model.safetensors` and the tokenizer's file."""

from __future__ import annotations

import json
import shutil
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from schemas.errors import FolioError, UsageError
from schemas.tokenizer import Tokenizer, load_tokenizer
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2

MODEL_TYPE = "docformer_v2"
FORMAT_VERSION = 1


def export_model(model: DocFormerV2, tokenizer: Tokenizer, out_dir: str | Path) -> None:
    """Writes the model without the heads of its task.

    The weights keep their precision. Tied weights are written once. All files are written to a temporary folder first,
    so a failed export does not damage an earlier export in `out_dir`.

    Args:
        model: the model to export.
        tokenizer: its tokenizer, which is saved with it.
        out_dir: the folder to write; it is created if needed.

    Raises:
        FolioError: the folder cannot be written, for example because the disk is full.
    """
    half = Path(out_dir).with_name(f"{Path(out_dir).name}.part")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    try:
        _write(model, tokenizer, half)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(half)
        raise FolioError(f"{out_dir} cannot be written: {error}. Free disk space and repeat the command") from error
    Path(out_dir).mkdir(exist_ok=True)
    for path in half.iterdir():
        path.replace(Path(out_dir, path.name))
    half.rmdir()


def _write(model: DocFormerV2, tokenizer: Tokenizer, out: Path) -> None:
    config = {"model_type": MODEL_TYPE, "format_version": FORMAT_VERSION, **asdict(model.config)}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file(_weights(model), out / "model.safetensors", metadata={"format": "pt"})
    shutil.copymode(out / "config.json", out / "model.safetensors")  # safetensors lets only the owner read it
    tokenizer.save(out)


def load_model(directory: str | Path) -> tuple[DocFormerV2, Tokenizer]:
    """Loads a model that `export_model` wrote.

    Returns:
        The model on the CPU in evaluation mode, and its tokenizer. Its logits are bit-identical to those of the
        exported model.

    Raises:
        FolioError: the folder contains no exported model, a file is missing or damaged, its format is newer, or weights
            and config do not match.
    """
    folder = Path(directory)
    config = _read_config(folder)
    try:
        weights = load_file(folder / "model.safetensors")
    except (OSError, SafetensorError) as error:
        raise FolioError(f"{folder}/model.safetensors cannot be read ({error}): export the model again") from error
    try:
        model = DocFormerV2(config)
    except (RuntimeError, TypeError) as error:  # more memory than there is, or a number above 64 bits
        reason = str(error).partition("\n")[0]
        raise FolioError(f"{folder}/config.json describes a model that cannot be made here ({reason})") from error
    expected = {name: value.shape for name, value in model.state_dict().items() if not _is_tied(name)}
    found = {name: value.shape for name, value in weights.items() if value.is_floating_point()}
    if faults := [name for name in {**weights, **expected} if found.get(name) != expected.get(name)]:
        raise FolioError(f"{folder}: model.safetensors does not fit config.json at {faults[0]}: export the model again")
    model.to(next(iter(weights.values())).dtype).load_state_dict(weights, strict=False)
    try:
        return model.eval(), load_tokenizer(str(folder))
    except FolioError as error:
        reason = str(error).removeprefix("--tokenizer ")
        raise FolioError(f"the tokenizer of the model cannot be read ({reason}): export the model again") from error


def _read_config(folder: Path) -> ModelConfig:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FolioError(f"{folder} contains no config.json: give the folder of an exported model") from error
    except OSError as error:
        raise FolioError(f"{path} cannot be read ({error.strerror}): give the folder of an exported model") from error
    except (ValueError, RecursionError) as error:
        raise FolioError(f"{path} is damaged ({error}): export the model again") from error
    if not isinstance(config, dict) or config.pop("model_type", None) != MODEL_TYPE:
        raise FolioError(f"{path} does not have model_type {MODEL_TYPE}: give the folder of an exported model")
    if not isinstance(version := config.pop("format_version", 0), int):
        raise FolioError(f"{path} is damaged (format_version {version!r}): export the model again")
    if version > FORMAT_VERSION:
        raise FolioError(f"{folder} has format {version}, this Folio reads {FORMAT_VERSION}: install a newer Folio")
    try:
        _require_types(config)
        return ModelConfig(**config)
    except (TypeError, UsageError) as error:
        raise FolioError(f"{path} is not a model of this Folio ({error}): export the model again") from error


def _require_types(config: dict[str, Any]) -> None:
    """Raises `TypeError` if a value has another type than its field of `ModelConfig`."""
    types = {"int": (int,), "float": (int, float), "bool": (bool,)}
    for field in fields(ModelConfig):
        value = config.get(field.name, field.default)
        if value is not MISSING and type(value) not in types[str(field.type)]:
            raise TypeError(f"{field.name} is {value!r}")


def _weights(model: DocFormerV2) -> dict[str, Tensor]:
    kept = {name: value for name, value in model.state_dict().items() if not name.startswith("heads.")}
    return {name: value.detach().cpu().contiguous() for name, value in kept.items() if not _is_tied(name)}


def _is_tied(name: str) -> bool:
    return name == "vocabulary.weight"
