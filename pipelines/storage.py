"""Files by path or uri, through Beam's file systems: local, `gs://`, `s3://`, `hdfs://`.

A file under OUT is either complete or absent: it is written under `OUT/work/tmp` and renamed into place.
"""

from __future__ import annotations

import glob
import importlib.util
import logging
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from schemas import UsageError

INSTALL = {"gs": "pip install '.[gcp]' in Folio's folder", "s3": "pip install 'apache-beam[aws]==2.77.0'"}
CLIENTS = {"gs": "google.cloud.storage", "s3": "boto3"}
RAW = {"mime_type": "application/octet-stream", "compression_type": CompressionTypes.UNCOMPRESSED}


def is_local(uri: str) -> bool:
    """Tells whether `uri` is a path on this machine."""
    return FileSystems.get_scheme(uri) is None


def one_spelling(uri: str) -> str:
    """Returns a path from the root on, so that it means the same wherever it is read; a uri as it is."""
    return os.path.abspath(uri) if is_local(uri) else uri  # noqa: PTH100 - a link keeps its own name


def is_installed(module: str) -> bool:
    """Tells whether a module can be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it belongs to
        return False


def open_file_systems(uris: Iterable[str], beam_args: list[str]) -> None:
    """Makes sure that the file systems of all `uris` can be used, with the credentials that Beam's flags give them.

    Raises:
        UsageError: a bucket cannot be reached, or the library for its kind of uri is not installed, or there are no
            credentials for it.
    """
    options = PipelineOptions(beam_args)
    FileSystems.set_options(options)
    for uri in uris:
        scheme = FileSystems.get_scheme(uri)
        if scheme in CLIENTS and not is_installed(CLIENTS[scheme]):
            raise UsageError(f"{uri}: files on {scheme}:// need {INSTALL[scheme]}.")
        if scheme == "gs" and not options.view_as(GoogleCloudOptions).no_auth:
            _find_google_credentials(uri)
        try:
            if scheme:  # a listing, as a bucket that is not there also holds no file by any name
                match("/".join([*uri.split("/")[:3], "any*"]))
        except (BeamIOError, ValueError, ImportError) as error:
            extra = "" if scheme in CLIENTS else f"; it also needs the Beam extra for {scheme}://"
            raise UsageError(
                f"{uri} cannot be reached ({error}). Look at its name and your credentials{extra}."
            ) from error


def _find_google_credentials(uri: str) -> None:
    """Raises `UsageError` where there are none: Beam would look five times, with a traceback for each."""
    import google.auth

    if os.environ.get("STORAGE_EMULATOR_HOST"):  # which asks for none
        return
    logging.getLogger("google.auth").setLevel(logging.ERROR)  # what it warns of is told by us, and once
    try:
        google.auth.default()
    except google.auth.exceptions.GoogleAuthError as error:
        raise UsageError(
            f"{uri} needs credentials of Google's ({error}). Run `gcloud auth application-default login`, or set "
            "GOOGLE_APPLICATION_CREDENTIALS to the path of a key file."
        ) from error


def exists(uri: str) -> bool:
    """Tells whether there is a file (or, locally, a directory) at `uri`."""
    return FileSystems.exists(uri)


def read_bytes(uri: str) -> bytes:
    """Returns the whole file."""
    with open_read(uri) as stream:
        return stream.read()


def open_read(uri: str) -> BinaryIO:
    """Opens a file as it is, never decompressed by its ending; seekable."""
    return FileSystems.open(uri, **RAW)


def match(pattern: str) -> list[str]:
    """Returns the files that a glob pattern matches (`**` crosses directories), sorted."""
    (result,) = FileSystems.match([pattern])
    return sorted(found.path for found in result.metadata_list)


def delete(uris: list[str]) -> None:
    """Deletes files; those that are gone already are no error."""
    FileSystems.delete([uri for uri in uris if exists(uri)])


def _sync_directory(directory: Path) -> None:
    """Makes renames in a directory last, in the order in which they were made."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class CorpusStore:
    """The files of one corpus, by their path under OUT."""

    def __init__(self, output: str) -> None:
        self.output = output

    def uri(self, *parts: str) -> str:
        """Returns the uri of a file under OUT."""
        return FileSystems.join(self.output, *parts)

    def exists(self, *parts: str) -> bool:
        """Tells whether a file under OUT is there, so complete."""
        return exists(self.uri(*parts))

    def finished_shards(self) -> set[str]:
        """Returns the names of all finished shards, by one listing: a bucket takes its time for every question."""
        files = {uri.rpartition("/")[2] for uri in self.match("shards", "*")}
        names = {name.removesuffix(".parquet") for name in files if name.endswith(".parquet")}
        return {name for name in names if f"{name}.tar" in files}

    def has_shard(self, name: str) -> bool:
        """Tells whether a shard is finished: its tar, and its parquet, which is written after it."""
        return self.exists("shards", f"{name}.tar") and self.exists("shards", f"{name}.parquet")

    def read(self, *parts: str) -> bytes:
        """Returns a file under OUT."""
        return read_bytes(self.uri(*parts))

    def open(self, *parts: str) -> BinaryIO:
        """Opens a file under OUT to read; seekable."""
        return open_read(self.uri(*parts))

    def write(self, data: bytes, *parts: str) -> None:
        """Writes a file under OUT, all of it or none."""
        with self.create(*parts) as stream:
            stream.write(data)

    @contextmanager
    def create(self, *parts: str) -> Iterator[BinaryIO]:
        """Opens a new file under OUT that appears when the block ends well, and never otherwise."""
        # A random name: on a cluster two workers may try the same shard, and each must finish its own file.
        temporary = self.uri("work", "tmp", uuid.uuid4().hex)
        target = self.uri(*parts)
        try:
            with FileSystems.create(temporary, **RAW) as stream:
                yield stream
                if is_local(target):  # or a power cut could leave the name without the bytes
                    stream.flush()
                    os.fsync(stream.fileno())
        except BaseException:
            with suppress(OSError, BeamIOError):  # a full disk should get its room back
                delete([temporary])
            raise
        if is_local(target):
            Path(target).parent.mkdir(parents=True, exist_ok=True)
        FileSystems.rename([temporary], [target])
        if is_local(target):
            _sync_directory(Path(target).parent)

    def match(self, *parts: str) -> list[str]:
        """Returns the files under OUT that match a pattern, sorted."""
        return match(FileSystems.join(glob.escape(self.output), *parts))

    def delete(self, *parts: str) -> None:
        """Deletes a file under OUT, if it is there."""
        delete([self.uri(*parts)])

    def strangers(self) -> list[str]:
        """Returns what is in OUT, on whatever level, but for a file that an interrupted command had begun to write."""
        begun = self.uri("work", "tmp")
        return [uri for uri in self.match("**") if not uri.startswith(begun)]

    def clear_work(self) -> None:
        """Removes what only an unfinished build needs."""
        for pattern in ("config.json", "units.arrow", "inspect/*", "tmp/*"):
            delete(self.match("work", *pattern.split("/")))
        if is_local(self.output):
            for directory in ("work/inspect", "work/tmp", "work"):
                with suppress(OSError):  # it is not there, or somebody put something into it
                    Path(self.uri(directory)).rmdir()


__all__ = [
    "BeamIOError",
    "CorpusStore",
    "delete",
    "exists",
    "is_installed",
    "is_local",
    "match",
    "one_spelling",
    "open_file_systems",
    "open_read",
    "read_bytes",
]
