"""Documents as pages that a model can read: the output of `python -m pipelines.read_pages`."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from schemas import FolioError, Sample, UsageError, decode_tokens
from schemas.support.home import expanded_path
from schemas.tokenizer import absolute_spec

FAILED = "failed.json"


@dataclass
class ReadDocument:
    """The pages of a document.

    Attributes:
        uri: its absolute path.
        samples: its usable pages.
        failures: the status and the reason of each other page.
    """

    uri: str
    samples: list[Sample] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def read_documents(paths: Sequence[str], tokenizer: str, skipped: Iterable[str] = ()) -> Iterator[ReadDocument]:
    """Yields the documents below the paths, while the next ones are read in another process.

    Args:
        paths: files and folders.
        tokenizer: name of the tokenizer of the model.
        skipped: absolute paths of documents that are not read.

    Raises:
        UsageError: a path does not exist, or there is no document below a folder.
        FolioError: the process that reads the pages has ended with an error.
    """
    places = [str(expanded_path(path).absolute()) for path in paths]
    command = [sys.executable, "-m", "pipelines.read_pages", *places, "--failures"]
    command += ["--text_source", "auto", "--tokenizer", absolute_spec(tokenizer)]
    root = Path(__file__).parents[2]
    with NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as names:
        names.write("\n".join(skipped))
        names.flush()
        with subprocess.Popen([*command, "--skip", names.name], cwd=root, stdout=subprocess.PIPE) as process:
            try:
                yield from _documents(process)
            finally:
                process.kill()
    if process.returncode == UsageError.exit_code:
        raise UsageError("the pages cannot be read: see the message above")


def _documents(process: subprocess.Popen[bytes]) -> Iterator[ReadDocument]:
    document: ReadDocument | None = None
    for members in _samples(process):
        uri = members["uri"]
        if document is None or document.uri != uri:
            if document is not None:
                yield document
            document = ReadDocument(uri)
        if FAILED in members:
            document.failures.append(members[FAILED])
        else:
            document.samples.append(members["sample"])
    if document is not None:
        yield document
    if process.wait() not in (0, 1, UsageError.exit_code):
        raise FolioError(f"the process that reads pages ended with code {process.returncode}: see the message above")


def _samples(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Yields the uri and the sample of each page, or why it has none."""
    key = ""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            for info in tar:
                name, _, member = info.name.partition(".")
                if name != key:
                    key, found = name, {}
                file = tar.extractfile(info)
                found[member] = file.read() if file else b""
                if member == FAILED:
                    facts = json.loads(found[FAILED])
                    yield {"uri": facts["uri"], FAILED: f"page {facts['page']}: {facts['status']} ({facts['detail']})"}
                elif len(found) == 3:
                    sample = Sample(key, found["jpg"], found["json"], decode_tokens(found["tokens.npy"]))
                    yield {"uri": json.loads(sample.json)["uri"], "sample": sample}
    except tarfile.ReadError:
        return  # it has ended: its exit code says why
