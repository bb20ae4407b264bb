"""Creates PaddleOCR's model folders from plain ONNX files.

PaddleOCR opens a folder with `inference.onnx` and `inference.yml`. The folders are created once per user and shared by
all processes. The weights in them are links to the original files, or eight-bit copies.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from pipelines.ocr.networks.head import HEAD, cut_off_head
from pipelines.ocr.networks.quantise import Ranges, quantise
from schemas import UsageError

WEIGHTS, CONFIG = "inference.onnx", "inference.yml"
_VERSION = 3  # of the folder contents: after an increase, new folders are created and the old ones are not used


def is_whole(folder: Path) -> bool:
    """Returns whether the folder has both files that PaddleOCR needs."""
    return (folder / WEIGHTS).is_file() and (folder / CONFIG).is_file()


def model_folder(
    name: str, role: str, weights: Path, ranges: Ranges | None = None, certain: float | None = None
) -> Path:
    """Returns the folder of a detector or a recogniser. Creates it if it does not exist.

    Args:
        name: PaddleOCR's name of the network.
        role: `det` for a detector, `rec` for a recogniser.
        weights: the ONNX file. The alphabet of a recogniser is in its metadata or in a text file next to it.
        ranges: input ranges of the layers (see `quantise`) if the folder must hold an eight-bit copy.
        certain: see `Head`, if the folder must hold a copy whose last layer is in the file `HEAD`. Not with `ranges`.

    Raises:
        UsageError: there is no writable place for the folder.
    """
    key = hashlib.sha256(f"{_VERSION} {weights} {ranges} {certain}".encode()).hexdigest()[:16]
    folder = _cache_dir() / f"{name}-{key}"
    if not is_whole(folder) or (certain is not None and not (folder / HEAD).is_file()):
        settings = _detector_settings() if role == "det" else _recogniser_settings(weights)
        _fill(folder, weights, ranges, certain, {"Global": {"model_name": name}, **settings})
    return folder


def _fill(folder: Path, weights: Path, ranges: Ranges | None, certain: float | None, config: dict[str, Any]) -> None:
    """Fills the folder by renaming finished files into it, so that parallel processes never see a partial file."""
    import yaml

    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="draft-", dir=folder) as draft:
        network, text = Path(draft, WEIGHTS), Path(draft, CONFIG)
        if certain is not None:
            import onnx

            onnx.save(cut_off_head(onnx.load(weights), Path(draft, HEAD), certain), network)
            Path(draft, HEAD).replace(folder / HEAD)
        elif ranges is None:
            network.symlink_to(weights)
        else:
            quantise(weights, ranges, network)
        text.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        network.replace(folder / WEIGHTS)
        text.replace(folder / CONFIG)


def _cache_dir() -> Path:
    """Returns a folder under `XDG_CACHE_HOME` or `~/.cache`, or under the temporary directory if that is read-only."""
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


def _detector_settings() -> dict[str, Any]:
    """Returns the preprocessing and the thresholds with which the detector was published."""
    normalize = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "scale": "1./255.", "order": "hwc"}
    return {
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


def _recogniser_settings(weights: Path) -> dict[str, Any]:
    """Returns the recogniser's input shape and its alphabet.

    The alphabet is one string, which PaddleOCR reads as a list of characters. A YAML list of 18,708 characters would
    take two seconds to parse.
    """
    alphabet = _alphabet(weights).replace("\n", "")
    return {
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"RecResizeImg": {"image_shape": [3, 48, 320]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": alphabet},
    }


def _alphabet(weights: Path) -> str:
    import onnxruntime

    text_file = weights.with_suffix(".txt")
    if text_file.is_file():
        return text_file.read_text(encoding="utf-8")
    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    return str(session.get_modelmeta().custom_metadata_map["character"])
