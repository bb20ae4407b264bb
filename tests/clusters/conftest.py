"""Documents that take some time to read, and the corpus that a local build makes of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.corpora import write_documents
from tests.chaos.engine import PAGE_S
from tests.clusters import builds, google


@pytest.fixture(scope="session")
def environment(tmp_path_factory) -> dict[str, str]:
    """Environment of the commands. The engine is slow, so that a test can interrupt it."""
    scratch = tmp_path_factory.mktemp("scratch")
    return {**os.environ, PAGE_S: "0.03", "TMPDIR": str(scratch), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def documents(tmp_path_factory) -> Path:
    """A directory of good and damaged documents."""
    directory = tmp_path_factory.mktemp("clusters") / "documents"
    write_documents(directory, documents=6)
    return directory


@pytest.fixture(scope="session")
def reference(environment, documents, tmp_path_factory) -> Path:
    """The corpus that the local runner builds."""
    output = tmp_path_factory.mktemp("reference") / "out"
    code, log = builds.run(environment, documents, output)
    assert code == 0, log
    return output


@pytest.fixture(scope="session")
def google_environment(environment) -> Iterator[dict[str, str]]:
    """Environment of the commands, with the emulator of an object store."""
    pytest.importorskip("google.cloud.storage", reason="needs the extra gcp")
    pytest.importorskip("gcp_storage_emulator", reason="needs gcp-storage-emulator")
    with google.object_store() as address:
        yield {**environment, "STORAGE_EMULATOR_HOST": address}


@pytest.fixture(scope="session")
def bucket(google_environment, documents) -> google.Files:
    """The bucket of the object store, with the documents in it."""
    files = google.Files(google_environment["STORAGE_EMULATOR_HOST"])
    files.upload(documents, "documents")
    return files


@pytest.fixture(scope="session")
def corpus_in_bucket(bucket, google_environment, tmp_path_factory) -> Path:
    """The corpus that the local runner builds from the bucket into the bucket, downloaded."""
    code, log = builds.run(google_environment, f"gs://{google.BUCKET}/documents/", f"gs://{google.BUCKET}/plain")
    assert code == 0, log
    return bucket.download("plain", tmp_path_factory.mktemp("bucket"))


@pytest.fixture(scope="module")
def google_here(google_environment) -> Iterator[None]:
    """Lets code in this process use the same object store."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STORAGE_EMULATOR_HOST", PAGE_S):
            patch.setenv(name, google_environment[name])
        google.without_credentials()
        yield
