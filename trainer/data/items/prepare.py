"""Turns a split of a data set into a corpus and a list of items, once per machine, in the cache folder.

The pages are built by `python -m pipelines.build_corpus`, in a process of its own: the same code makes the pages of
pretraining and of fine-tuning, and the trainer does not import the builder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from schemas import FolioError, PageStatus, UsageError, load_tokenizer
from schemas.page_file import PAGE_FILE_SUFFIX, encode_page_file
from schemas.table_file import TABLE_FILE_SUFFIX, encode_table_file
from schemas.tokenizer import absolute_spec
from schemas.version import VERSION
from trainer.data.shard_files import locked
from trainer.tasks.items import DataSet, Item, ItemDocument

logger = logging.getLogger("trainer")

FOLDER = "tasks"  # in the cache folder
ITEMS, CORPUS, PAGES, LINK = "items.jsonl", "corpus", "pages", "data"
RUN_FILES = {"config.yaml", "log.jsonl"}  # what the directory of every run has
STDERR = 2  # file descriptor: the output of a command must hold only its result
MAX_LISTED = 3  # kinds of unusable pages that the log names


def prepared(
    data_set: DataSet, folder: Path, split: str, tokenizer: str, cache_dir: Path, *, needs_truth: bool = False
) -> Path:
    """Returns the folder with corpus and items of a split. Builds it first if that has not been done.

    Any number of processes may call it at the same time; one of them does the work.

    Args:
        folder: the data set as it was downloaded.
        tokenizer: name of the tokenizer.
        cache_dir: the cache folder.
        needs_truth: whether to build no pages if the truth of an item is not known.

    Raises:
        UsageError: the data set has no such split, the folder has another layout, the truth is missing, or no page can
            be used.
        FolioError: the pages cannot be built, or the tokenizer cannot be read.
    """
    if split not in data_set.splits:
        raise UsageError(f"{data_set.name} has no split {split}: choose {', '.join(data_set.splits)}")
    content = load_tokenizer(tokenizer).sha256  # not the name: an exported model has a copy of its tokenizer
    name = f"{data_set.name}-{split}-{_fingerprint(folder, cache_dir, data_set.name, split, content)}"
    target = (cache_dir / FOLDER / name).absolute()  # the builder runs in another folder
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--cache_dir {cache_dir} cannot be used ({error}): choose another folder.") from error
    with locked(target.with_suffix(".lock")):
        if not (target / ITEMS).exists():
            documents = list(data_set.documents(folder, split))
            if needs_truth:
                require_truth(data_set, [item for document in documents for item in document.items], folder, split)
            _prepare(documents, folder, target, tokenizer)
    return target


def require_truth(data_set: DataSet, items: Sequence[Item], folder: Path, split: str) -> None:
    """Checks that the truth of all items of a split is known.

    Raises:
        UsageError: it is not. The message names the first such item.
    """
    if unknown := [item.id for item in items if not data_set.has_truth(item)]:
        raise UsageError(
            f"--data {folder}: the truth of {len(unknown):,} of {len(items):,} items of the split {split} is not in "
            f"the data (the first is {unknown[0]}): train and evaluate on items with their truth."
        )


def _fingerprint(folder: Path, cache_dir: Path, *parts: str) -> str:
    """Returns 16 hex digits that change with names, sizes and times of the files of a data set, and with the parts."""
    digest = hashlib.sha256("\n".join([VERSION, str(folder.absolute()), *parts]).encode())
    for path in sorted(_files(folder, cache_dir)):
        status = path.stat()
        digest.update(f"\n{path.relative_to(folder)} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _files(folder: Path, cache_dir: Path) -> Iterator[Path]:
    """Yields the files of a data set. Runs and the cache may lie in its folder, but are no part of it."""
    for place, folders, names in os.walk(folder):
        path = Path(place)
        if path != folder and ({*names} >= RUN_FILES or path.absolute() == cache_dir.absolute()):
            folders.clear()
            continue
        yield from (path / name for name in names if (path / name).is_file())


def _prepare(documents: Sequence[ItemDocument], folder: Path, target: Path, tokenizer: str) -> None:
    if not documents:
        raise UsageError(f"--data {folder} holds no document for this split: download it again.")
    shutil.rmtree(target, ignore_errors=True)
    (target / PAGES).mkdir(parents=True)
    (target / LINK).symlink_to(folder.absolute())
    hashes = [_write_document(target, document) for document in documents]
    logger.info(f"preparing {len(documents):,} documents of {folder} in {target}")
    code = _build(target, tokenizer, _text_source(documents))
    manifest = target / CORPUS / "manifest.parquet"
    keys = _pages_of(manifest) if manifest.exists() else {}
    if code and manifest.exists() and not keys:
        raise UsageError(f"--data {folder}: no page of this split can be used: see the reasons above.")
    if code:
        raise FolioError(f"the pages of {folder} cannot be built: see the messages above.")
    half = target / f"{ITEMS}.part"
    with half.open("w", encoding="utf-8") as file:
        for document, sha256 in zip(documents, hashes, strict=True):
            found = keys.get(sha256, {})
            for item in document.items:
                name = document.source or document.name
                row = {"id": item.id, "document": name, "keys": found, "annotation": item.annotation}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    half.rename(target / ITEMS)


def _write_document(target: Path, document: ItemDocument) -> str:
    """Writes the page file or the table file of a document. Returns the SHA-256 of its bytes.

    The bytes do not depend on where the data set lies: the files are named through a link.
    """
    if document.table is not None:
        data, suffix = encode_table_file(document.table), TABLE_FILE_SUFFIX
    else:
        pages = (replace(page, file=f"../{LINK}/{page.file}") if page.file else page for page in document.pages)
        data, suffix = encode_page_file(pages), PAGE_FILE_SUFFIX
    name = hashlib.sha256(document.name.encode()).hexdigest()[:16]
    (target / PAGES / f"{name}{suffix}").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _text_source(documents: Sequence[ItemDocument]) -> str:
    """Returns `pdf` if the words of all pages are given, so that no OCR engine is loaded, else `auto`."""
    is_read = any(page.words is None for document in documents for page in document.pages)
    return "auto" if is_read else "pdf"


def _build(target: Path, tokenizer: str, text_source: str) -> int:
    """Builds the corpus in a process of its own. Returns its exit code."""
    flags = ["--text_source", text_source, "--min_words", "0", "--max_failed_share", "1"]
    places = ["--input", str(target / PAGES), "--output", str(target / CORPUS)]
    flags += ["--tokenizer", absolute_spec(tokenizer)]
    command = [sys.executable, "-m", "pipelines.build_corpus", *places, *flags]
    return subprocess.run(command, cwd=Path(__file__).parents[3], stdout=STDERR, check=False).returncode


def _pages_of(manifest: Path) -> dict[str, dict[int, str]]:
    """Returns the key of each usable page, by the SHA-256 of its document and its number from 0. Logs the others."""
    table = pq.read_table(manifest, columns=["doc_sha256", "page", "key", "status"]).to_pylist()
    reasons = Counter(row["status"] for row in table if row["status"] not in (PageStatus.OK, PageStatus.DUPLICATE))
    if reasons:
        listed = ", ".join(f"{count} {status}" for status, count in reasons.most_common(MAX_LISTED))
        logger.warning(f"{reasons.total()} of {len(table)} pages cannot be used ({listed}): see {manifest}")
    pages: dict[str, dict[int, str]] = {}
    for row in table:
        if row["status"] == PageStatus.OK:
            pages.setdefault(row["doc_sha256"], {})[row["page"] - 1] = row["key"]
    return pages


def read_items(target: Path) -> Iterator[dict[str, Any]]:
    """Yields the rows of a prepared list of items: `id`, `document`, `keys` by page number, `annotation`."""
    with (target / ITEMS).open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
