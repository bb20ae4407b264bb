"""Documents as pages that a model can read: the output of `python -m pipelines.read_pages`."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, NamedTuple

from schemas import FolioError, Sample, UsageError, decode_tokens
from schemas.support.home import expanded_path
from schemas.tokenizer import absolute_spec

FAILED = "failed.json"
NONE_READ = 1  # exit code of `pipelines.read_pages`: no page has a sample, or an error of which it has told
GRACE_S = 10.0  # time in which it ends its own page process


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


def read_documents(
    paths: Sequence[str], tokenizer: str, skipped: Iterable[str] = (), flags: Sequence[str] = ()
) -> Generator[ReadDocument, None, None]:
    """Yields each document below the paths when its last page has been read. Another process reads ahead.

    Args:
        paths: files and folders.
        tokenizer: name of the tokenizer of the model.
        skipped: absolute paths of documents that are not read.
        flags: more flags of `pipelines.read_pages`.

    Raises:
        UsageError: a path does not exist, there is no document below a folder, or a flag cannot be used.
        FolioError: the process that reads the pages has ended with an error.
    """
    places = [str(expanded_path(path).absolute()) for path in paths]
    command = [sys.executable, "-m", "pipelines.read_pages", *places, "--failures", "--copies"]
    command += ["--text_source", "auto", "--tokenizer", absolute_spec(tokenizer), *flags]
    with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as names:
        json.dump(sorted(skipped), names)
        names.flush()
        with _running([*command, "--skip", names.name]) as process:
            read_any = False
            assert process.stdout is not None
            for document in _documents(_pages(process.stdout)):
                read_any = read_any or bool(document.samples)
                yield document
            code = process.wait()
    if code == UsageError.exit_code:
        raise UsageError("the pages cannot be read: see the message above")
    if code not in (0, NONE_READ) or (code == NONE_READ and read_any):
        raise FolioError(f"the process that reads pages ended with code {code}: see the message above")


@contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a command in the root of the repository. It ends with the block at the latest."""
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            assert process.stdout is not None
            process.stdout.close()  # it may wait until somebody reads what it writes
            process.terminate()
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()


class _Page(NamedTuple):
    """A page as the stream gives it. `pages` is the number of pages of the document; 0: none can be read."""

    uri: str
    number: int
    pages: int
    sample: Sample | None = None
    failure: str = ""


def _documents(pages: Iterable[_Page]) -> Iterator[ReadDocument]:
    """Yields complete documents. The stream ends within a document if its process does."""
    document: ReadDocument | None = None
    for page in pages:
        document = document or ReadDocument(page.uri)
        if page.sample is None:
            document.failures.append(page.failure)
        else:
            document.samples.append(page.sample)
        if page.number == page.pages:
            yield document
            document = None


def _pages(stream: IO[bytes]) -> Iterator[_Page]:
    """Yields the pages of the tar that `pipelines.read_pages` writes, in its order."""
    found: dict[str, bytes] = {}
    try:
        # Block by block: with the usual size, a page would wait until the next one has been read.
        with tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.BLOCKSIZE) as tar:
            for info in tar:
                key, _, member = info.name.partition(".")
                file = tar.extractfile(info)
                found[member] = file.read() if file else b""
                if member == FAILED or len(found) == 3:
                    yield _failed(found) if member == FAILED else _read(key, found)
                    found = {}
    except tarfile.ReadError:
        return  # it has ended: its exit code says why


def _read(key: str, found: dict[str, bytes]) -> _Page:
    facts = json.loads(found["json"])
    sample = Sample(key, found["jpg"], found["json"], decode_tokens(found["tokens.npy"]))
    return _Page(facts["uri"], facts["page"], facts["pages"], sample)


def _failed(found: dict[str, bytes]) -> _Page:
    facts = json.loads(found[FAILED])
    failure = f"page {facts['page']}: {facts['status']} ({facts['detail']})"
    return _Page(facts["uri"], facts["page"], facts["pages"], failure=failure)
