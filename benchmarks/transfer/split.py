"""Splits the training half of a data set in two, for data sets whose test half is not at hand.

python -m benchmarks.transfer.split FUNSD OUT --train training_data --test testing_data
python -m benchmarks.transfer.split DOCBANK OUT --train 500K_train.txt --test 500K_test.txt --share 0.5

OUT gets links to the files below FUNSD/training_data. The files of a document have the same name except for the suffix;
a hash of this name decides in which half they are. Where the halves are lists of names and not folders, OUT gets links
to all files of DOCBANK, and the lists name the text files without their suffix.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Collection
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
    first, second = halves({path.stem for path in files}, share)
    for path in files:
        _link(path, output / (test if path.stem in second else train) / path.relative_to(source / train))
    return len(first), len(second)


def list_split(source: Path, output: Path, train: str, test: str, share: float) -> tuple[int, int]:
    """Links all files of a data set, and writes the lists `train` and `test` of the names of its text files.

    Returns:
        The number of documents in each half.
    """
    # Lists of these names may be there already. A link to one would make this function write into the data set.
    files = sorted(path for path in source.iterdir() if path.is_file() and path.name not in (train, test))
    for path in files:
        _link(path, output / path.name)
    first, second = halves({path.stem for path in files if path.suffix == ".txt"}, share)
    for name, half in ((train, first), (test, second)):
        (output / name).write_text("".join(f"{document}\n" for document in sorted(half)))
    return len(first), len(second)


def halves(names: Collection[str], share: float) -> tuple[set[str], set[str]]:
    """Returns names in two halves by their hashes; the second has a share of them."""
    order = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    tested = round(share * len(order))
    return set(order[tested:]), set(order[:tested])


def _link(path: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(path.resolve())


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="FOLDER", help="the data set")
    parser.add_argument("output", type=Path, metavar="OUT", help="the new data set")
    parser.add_argument(
        "--train", required=True, metavar="NAME", help="the training half: a folder, which is split, or a list.txt"
    )
    parser.add_argument("--test", required=True, metavar="NAME", help="the test half, likewise")
    parser.add_argument("--share", type=float, default=0.2, help="share of the test half (%(default)s)")
    flags = parser.parse_args()
    split = list_split if flags.train.endswith(".txt") else link_split
    train, test = split(flags.source, flags.output, flags.train, flags.test, flags.share)
    print(f"{train} documents in {flags.output / flags.train}, {test} in {flags.output / flags.test}")


if __name__ == "__main__":
    main()
