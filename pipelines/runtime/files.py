"""Access to files by path or URI through Beam's file systems: local, `gs://`, `s3://`, `hdfs://`."""

from __future__ import annotations

import glob
import importlib.util
import logging
import os
from collections.abc import Iterable
from typing import BinaryIO

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from schemas import UsageError
from schemas.support.home import expanded

INSTALL = {"gs": "pip install '.[gcp]' in Folio's folder", "s3": "pip install 'apache-beam[aws]==2.77.0'"}
CLIENTS = {"gs": "google.cloud.storage", "s3": "boto3"}
RAW = {"mime_type": "application/octet-stream", "compression_type": CompressionTypes.UNCOMPRESSED}


def is_local(uri: str) -> bool:
    """Returns whether `uri` is a path on this machine."""
    return FileSystems.get_scheme(uri) is None


def absolute_uri(uri: str) -> str:
    """Returns a local path as an absolute path, independent of the current directory, and a URI unchanged.

    A leading `~` of a local path stands for the home directory.
    """
    return os.path.abspath(expanded(uri)) if is_local(uri) else uri  # noqa: PTH100 - Path.resolve would follow links


def is_installed(module: str) -> bool:
    """Returns whether a module can be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package is missing too
        return False


def open_file_systems(uris: Iterable[str], beam_args: list[str]) -> None:
    """Checks that the file systems of all `uris` can be used with the credentials from Beam's flags.

    Raises:
        UsageError: a bucket cannot be reached, the library for its URI scheme is not installed, or there are no
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
            if scheme:  # a listing, because `exists` does not distinguish a missing bucket from a missing file
                match("/".join([*uri.split("/")[:3], "any*"]))
        except (BeamIOError, ValueError, ImportError) as error:
            extra = "" if scheme in CLIENTS else f"; it also needs the Beam extra for {scheme}://"
            raise UsageError(
                f"{uri} cannot be reached ({error}). Check its name and your credentials{extra}."
            ) from error


def _find_google_credentials(uri: str) -> None:
    """Raises `UsageError` if there are none. Beam itself would search five times and print a traceback each time."""
    import google.auth

    if os.environ.get("STORAGE_EMULATOR_HOST"):  # the emulator needs no credentials
        return
    logging.getLogger("google.auth").setLevel(logging.ERROR)  # we report the error ourselves, and only once
    try:
        google.auth.default()
    except google.auth.exceptions.GoogleAuthError as error:
        raise UsageError(
            f"{uri} needs Google credentials ({error}). Run `gcloud auth application-default login`, or set "
            "GOOGLE_APPLICATION_CREDENTIALS to the path of a key file."
        ) from error


def exists(uri: str) -> bool:
    """Returns whether there is a file (or, locally, a directory) at `uri`."""
    return FileSystems.exists(uri)


def read_bytes(uri: str) -> bytes:
    """Returns the content of a file."""
    with open_read(uri) as stream:
        return stream.read()


def open_read(uri: str) -> BinaryIO:
    """Opens a file as a seekable stream. Never decompresses it, whatever its file name extension is."""
    return FileSystems.open(uri, **RAW)


def match(pattern: str) -> list[str]:
    """Returns the files that a glob pattern matches (`**` crosses directories), sorted."""
    (result,) = FileSystems.match([pattern])
    return sorted(found.path for found in result.metadata_list)


def match_below(directory: str, *parts: str) -> list[str]:
    """Returns the files below a directory that match a pattern, sorted.

    Brackets and stars in the name of the directory are part of the name.

    Args:
        directory: path or URI.
        parts: path parts of the glob pattern.
    """
    return match(FileSystems.join(glob.escape(directory), *parts))


def delete(uris: list[str]) -> None:
    """Deletes files; files that do not exist are ignored."""
    FileSystems.delete([uri for uri in uris if exists(uri)])
