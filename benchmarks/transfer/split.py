"""Splits the training half of a data set in two, for data sets whose test half is not at hand.

python -m benchmarks.transfer.split FUNSD OUT --train training_data --test testing_data

OUT gets links to the files below FUNSD/training_data. The files of a document have the same name except for the suffix;
a hash of this name decides in which half they are.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path


def link_split(source: Path, output: Path, train: str, test: str, share: float) -> tuple[int, int]:
    """Links the files of a data set into two halves. Links that exist are kept.

    Args:
        source: folder of the data set.
        output: folder of the new data set.
        train: folder in `source` whose files are split, and the folder of the first half in `output`.
        test: folder of the second half in `output`.
        share: share of the documents in the second half.

    Returns:
        The number of documents in each half.
    """
    files = sorted(path for path in (source / train).rglob("*") if path.is_file())
    names = sorted({path.stem for path in files}, key=lambda name: hashlib.sha256(name.encode()).digest())
    tested = set(names[: round(share * len(names))])
    for path in files:
        link = output / (test if path.stem in tested else train) / path.relative_to(source / train)
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(path.resolve())
    return len(names) - len(tested), len(tested)


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="FOLDER", help="the data set")
    parser.add_argument("output", type=Path, metavar="OUT", help="the new data set")
    parser.add_argument("--train", required=True, metavar="NAME", help="folder of the training half, which is split")
    parser.add_argument("--test", required=True, metavar="NAME", help="folder of the new test half")
    parser.add_argument("--share", type=float, default=0.2, help="share of the test half (%(default)s)")
    flags = parser.parse_args()
    train, test = link_split(flags.source, flags.output, flags.train, flags.test, flags.share)
    print(f"{train} documents in {flags.output / flags.train}, {test} in {flags.output / flags.test}")


if __name__ == "__main__":
    main()
