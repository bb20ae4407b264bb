"""The flags that commands share which use a fine-tuned model. A wrong value is refused before the model is loaded."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch

from schemas.support.arguments import positive
from schemas.support.home import expanded_path


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """Adds `--batch_size`, `--beams` and `--device`."""
    parser.add_argument("--batch_size", type=positive, default=8, help="windows per batch (%(default)s)")
    beams = "hypotheses of beam search for an answer; 1: greedy, the fastest (%(default)s)"
    parser.add_argument("--beams", type=positive, default=1, help=beams)
    default = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", type=device, default=default, help="device of the model (%(default)s)")


def device(text: str) -> str:
    """Returns the name of a device that works on this machine.

    Raises:
        argparse.ArgumentTypeError: torch does not know it, or the machine does not have it.
    """
    try:
        torch.zeros(1, device=text).item()
    except (RuntimeError, AssertionError, ImportError) as error:  # what torch raises, depending on the device
        raise argparse.ArgumentTypeError(f"{text} cannot be used: {str(error).splitlines()[0]}") from error
    return text


def output_file(text: str) -> Path:
    """Returns the path of a file that can be written; it need not exist.

    Raises:
        argparse.ArgumentTypeError: it is a folder, its folder does not exist, or it may not be written.
    """
    path = expanded_path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{path.parent} is not an existing folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text} may not be written")
    return path
