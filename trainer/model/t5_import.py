"""Loads T5 weights as initial weights from a checkpoint folder of the transformers library, without that library.

The text part of DocFormerv2 is T5 1.0 (Raffel et al. 2020): ReLU feed-forward, and an output layer tied to the
embeddings. T5 1.1, Flan-T5 and similar models are refused: they have a gated feed-forward and a separate output layer.
"""

from __future__ import annotations

import json
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from schemas import UsageError
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.layers import NORM_EPS

SUBLAYERS = {
    "SelfAttention": "attention.sublayer",
    "EncDecAttention": "cross_attention.sublayer",
    "DenseReluDense": "feed_forward.sublayer",
}
PROJECTIONS = {"q": "query", "k": "key", "v": "value", "o": "output", "wi": "expand", "wo": "contract"}
NORMS = {"encoder": ["attention", "feed_forward"], "decoder": ["attention", "cross_attention", "feed_forward"]}

EMBEDDINGS = "shared.weight"
COPIES = ("lm_head.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
# Early files contain this weight, but T5 does not use it.
UNUSED = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")  # or parts of them, with an index file
FRESH = ("boxes.", "visual.", "heads.")  # prefixes of the weights that T5 does not have; they are not replaced

# Settings that config.json must have or leave out: the required value, and the error text for any other value.
T5_1_0 = {
    "model_type": ("t5", "is not a T5"),
    "feed_forward_proj": ("relu", "is a T5 with a different feed-forward layer"),
    "is_gated_act": (False, "is a T5 with a gated feed-forward layer"),
    "tie_word_embeddings": (True, "is a T5 whose output layer is not tied to its embeddings"),
    "decoder_start_token_id": (0, "begins its targets with a different token"),
    "layer_norm_epsilon": (NORM_EPS, "has a different epsilon"),
}

# The setting in T5's config.json, the field of ModelConfig, and T5's default. None: the default is num_layers.
SHAPE = (
    ("d_model", "d_model", 512),
    ("d_ff", "d_ff", 2048),
    ("d_kv", "d_kv", 64),
    ("num_heads", "heads", 8),
    ("num_layers", "encoder_layers", 6),
    ("num_decoder_layers", "decoder_layers", None),
    ("vocab_size", "vocab_size", 32128),
    ("pad_token_id", "pad_id", 0),
    ("eos_token_id", "eos_id", 1),
    ("relative_attention_num_buckets", "relative_buckets", 32),
    ("relative_attention_max_distance", "relative_max_distance", 128),
)


def import_t5(model: DocFormerV2, folder: str | Path) -> None:
    """Replaces the weights that T5 has too. The weights of boxes, patches and heads do not change.

    Args:
        model: the model to change in place.
        folder: contains `config.json`, and `model.safetensors` or `pytorch_model.bin`, whole or in parts.

    Raises:
        UsageError: the folder contains no T5 1.0 checkpoint, or its sizes differ from those of the model.
    """
    path = Path(folder)
    _require_same_network(path, _read_config(path), model.config)
    weights = _untie(path, _read_weights(path))
    _load(path, model, weights)


def our_name(name: str) -> str:
    """Returns the name in `DocFormerV2` of a weight of the transformers library's T5.

    Raises:
        KeyError, IndexError, ValueError: T5 1.0 has no weight of this name.
    """
    if name == EMBEDDINGS:
        return "tokens.weight"
    if "final_layer_norm" in name:
        return name.replace("final_layer_norm", "norm")
    stack, _, layer, _, sublayer, *rest = name.split(".")
    if "relative_attention_bias" in rest:
        return f"{stack}.position_bias.values.weight"
    if rest[0] == "layer_norm":
        return f"{stack}.layers.{layer}.{NORMS[stack][int(sublayer)]}.norm.weight"
    return f"{stack}.layers.{layer}.{SUBLAYERS[rest[0]]}.{PROJECTIONS[rest[1]]}.weight"


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--init_from {folder} {_why_unreadable(folder, error)}: give a T5 folder, an exported model of Folio, or "
            "the directory of a run."
        ) from error
    if not isinstance(config, dict):
        raise UsageError(f"--init_from {folder}: config.json contains no settings: give a T5 folder.")
    return config


def _why_unreadable(folder: Path, error: OSError | ValueError) -> str:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        if folder.is_dir():
            return "contains no model"
        return "is a file" if folder.exists() else "does not exist"
    return f"has a config.json that cannot be read ({error.strerror if isinstance(error, OSError) else error})"


def _require_same_network(folder: Path, theirs: dict[str, Any], ours: ModelConfig) -> None:
    for name, (expected, fault) in T5_1_0.items():
        if theirs.get(name, expected) != expected:
            raise UsageError(
                f"--init_from {folder} {fault} ({name} {theirs[name]!r}): give a T5 1.0 checkpoint, such as t5-small."
            )
    layers = theirs.get("num_layers", 6)
    for name, our_setting, default in SHAPE:
        value = theirs.get(name)
        value = (layers if default is None else default) if value is None else value
        if value != getattr(ours, our_setting):
            by_tokenizer = our_setting in ("vocab_size", "pad_id", "eos_id")
            advice = (
                "it was trained with a different tokenizer"
                if by_tokenizer
                else f"use a different --model, or set model.{our_setting}={value}"
            )
            raise UsageError(
                f"--init_from {folder} has {name} {value}, the model has model.{our_setting} "
                f"{getattr(ours, our_setting)}: {advice}."
            )


def _read_weights(folder: Path) -> dict[str, Tensor]:
    try:
        for name in WEIGHT_FILES:
            if (folder / name).exists():
                return _read_file(folder / name)
            if (index := folder / f"{name}.index.json").exists():
                return _read_parts(index)
    except (OSError, SafetensorError, UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise UsageError(f"--init_from {folder}: the weights cannot be read ({error}): download them again.") from error
    raise UsageError(f"--init_from {folder} has no {' or '.join(WEIGHT_FILES)}: give a T5 folder.")


def _read_file(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return load_file(path)
    weights = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise ValueError(f"{path.name} contains no table of weights")
    return weights


def _read_parts(index: Path) -> dict[str, Tensor]:
    """Reads weights that are divided into several files. The index names the file of each weight."""
    content = json.loads(index.read_text(encoding="utf-8"))
    files = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(files, dict) or not all(isinstance(name, str) for name in files.values()):
        raise ValueError(f"{index.name} has no weight_map with the file of each weight")
    paths = [index.parent / name for name in sorted(set(files.values()))]
    if missing := [path.name for path in paths if not path.is_file()]:
        raise UsageError(f"--init_from {index.parent} has no {missing[0]}, which {index.name} names: download it.")
    return {name: value for path in paths for name, value in _read_file(path).items()}


def _untie(folder: Path, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Returns the weights without the copies of the embeddings, which only some files contain."""
    kept = {name: value for name, value in weights.items() if name not in (*COPIES, UNUSED)}
    for name in COPIES:
        if name in weights and not torch.equal(weights[name], kept.setdefault(EMBEDDINGS, weights[name])):
            raise UsageError(f"--init_from {folder}: {name} differs from {EMBEDDINGS}: give a T5 1.0 checkpoint.")
    return kept


def _load(folder: Path, model: DocFormerV2, weights: dict[str, Tensor]) -> None:
    own = dict(model.named_parameters())  # tied weights are listed once
    try:
        found = {our_name(name): value for name, value in weights.items()}
    except (KeyError, IndexError, ValueError) as error:
        raise UsageError(
            f"--init_from {folder} contains a weight that T5 1.0 does not have ({error}): give a T5 1.0 checkpoint."
        ) from error
    expected = {name for name in own if not name.startswith(FRESH)}
    if different := sorted(expected ^ found.keys()):
        raise UsageError(f"--init_from {folder}: its weights do not fit its config.json: {', '.join(different)}.")
    with torch.no_grad():
        for name, value in found.items():
            if value.shape != own[name].shape:
                raise UsageError(f"--init_from {folder}: {name} is {tuple(value.shape)}, not {tuple(own[name].shape)}.")
            if not value.isfinite().all():
                raise UsageError(f"--init_from {folder}: {name} is not finite: use a different checkpoint.")
            own[name].copy_(value)
