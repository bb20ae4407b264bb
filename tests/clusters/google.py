"""Local replacements for Google services: a bucket, a bucket that fails sometimes, and Dataflow."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BUCKET = "bucket"


def without_credentials() -> None:
    """Makes Beam skip its search for credentials, which takes half a minute."""
    from apache_beam.internal.gcp import auth

    auth._Credentials._credentials_init = True


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serves HTTP while the block runs; gives the address."""
    server = ThreadingHTTPServer(("localhost", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()


@contextmanager
def object_store() -> Iterator[str]:
    """Runs the emulator of Google's object store with one bucket in memory; gives the address."""
    from gcp_storage_emulator.server import create_server

    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    server = create_server("localhost", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    try:
        yield f"http://localhost:{port}"
    finally:
        server.stop()


class Files:
    """The files of the bucket."""

    def __init__(self, address: str) -> None:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud.storage import Client

        client = Client("test", AnonymousCredentials(), client_options={"api_endpoint": address})
        self.bucket = client.bucket(BUCKET)

    def names(self, prefix: str) -> list[str]:
        """Returns the names of all objects that start with `prefix`."""
        return [blob.name for blob in self.bucket.list_blobs(prefix=prefix)]

    def upload(self, directory: Path, prefix: str) -> None:
        """Uploads all PDFs below a directory."""
        for path in directory.rglob("*.pdf"):
            self.bucket.blob(f"{prefix}/{path.relative_to(directory)}").upload_from_filename(path)

    def download(self, prefix: str, directory: Path) -> Path:
        """Downloads all objects below `prefix` into a directory and returns it."""
        for name in self.names(f"{prefix}/"):
            path = directory / name.removeprefix(f"{prefix}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.read(name))
        return directory

    def read(self, name: str) -> bytes:
        """Returns the content of an object."""
        return self.bucket.blob(name).download_as_bytes()


class Proxy(BaseHTTPRequestHandler):
    """Forwards requests to another server and its answers back. Subclasses refuse some requests or cut answers.

    Attributes:
        address: URL of the other server.
        requests: how many requests there were.
        refused: how many of them were refused.
    """

    address = ""
    requests = 0
    refused = 0

    def refusal(self) -> int | None:
        """Returns the HTTP status with which this request is refused; `None` to forward it."""
        return None

    def trim(self, content: bytes) -> bytes:
        """Returns the part of an answer that the client gets; here all of it."""
        return content

    def forward(self) -> None:
        """Answers one request."""
        kind = type(self)
        kind.requests += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = self.refusal()
        if status:
            kind.refused += 1
            self.send_error(status)
            return
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"))
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        # Answers contain URLs of files; replace the server's address by that of this proxy.
        content = answer.read().replace(self.address.encode(), f"http://{self.headers['Host']}".encode())
        content = self.trim(content)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, str(len(content)) if name.lower() == "content-length" else value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward


class Flaky(Proxy):
    """Answers every twentieth request with 503, like a busy server."""

    def refusal(self) -> int | None:
        """Returns 503 for every twentieth request."""
        return 503 if self.requests % 20 == 0 else None


class Forbidding(Proxy):
    """Lists the objects but forbids reading them."""

    def refusal(self) -> int | None:
        """Returns 403 for downloads."""
        return 403 if self.path.startswith("/download/") else None


class Dataflow(BaseHTTPRequestHandler):
    """The part of Dataflow's API that submits a job and returns its state. Jobs run in threads of this process.

    Attributes:
        jobs: all submitted jobs, with their state.
        workers: the thread of each job.
        may_build: set by the test; build jobs wait for it.
    """

    jobs: list[dict[str, Any]]
    workers: list[threading.Thread]
    may_build: threading.Event

    def do_POST(self) -> None:
        """Starts a job, or returns the running job with the same name."""
        job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        running = [other for other in self.jobs if other["currentState"] == "JOB_STATE_RUNNING"]
        for other in running:
            if other["name"] == job["name"]:
                self.answer(other)
                return
        job |= {"id": f"job-{len(self.jobs)}", "currentState": "JOB_STATE_RUNNING"}
        self.jobs.append(job)
        self.workers.append(threading.Thread(target=self.execute, args=(job,), daemon=True))
        self.workers[-1].start()
        self.answer(job)

    def do_GET(self) -> None:
        """Returns the state of a job."""
        path = self.path.partition("?")[0]
        found = re.search(r"/jobs/job-(\d+)$", path)
        self.answer(self.jobs[int(found[1])] if found else {})

    def execute(self, job: dict[str, Any]) -> None:
        """Runs the staged pipeline of a job."""
        from apache_beam.options.pipeline_options import PipelineOptions
        from apache_beam.runners.portability.fn_api_runner import FnApiRunner

        if "build" in job["name"]:
            self.may_build.wait()
        pipeline = staged_pipeline(job)
        for environment in pipeline.components.environments.values():
            environment.urn, environment.payload = "beam:env:embedded_python:v1", b""
        FnApiRunner().run_via_runner_api(pipeline, PipelineOptions([]))
        job["currentState"] = "JOB_STATE_DONE"

    def answer(self, record: dict[str, Any]) -> None:
        """Sends a record as JSON."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(record).encode())

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


def staged_pipeline(job: dict[str, Any]) -> Any:
    """Returns the pipeline of a job, Beam's protocol buffer, read from the bucket."""
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.portability.api import beam_runner_api_pb2

    url = job["environment"]["sdkPipelineOptions"]["options"]["pipelineUrl"]
    with FileSystems.open(url, compression_type="uncompressed") as stream:
        return beam_runner_api_pb2.Pipeline.FromString(stream.read())
