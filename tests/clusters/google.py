"""Google on this machine: a bucket, a bucket that is out of order now and then, and Dataflow."""

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
    """Tells Beam that there are none, as looking for them takes half a minute."""
    from apache_beam.internal.gcp import auth

    auth._Credentials._credentials_init = True


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serves HTTP for the length of the block and gives the address."""
    server = ThreadingHTTPServer(("localhost", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()


@contextmanager
def object_store() -> Iterator[str]:
    """Runs the emulator of Google's object store with one bucket in memory."""
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
        return [blob.name for blob in self.bucket.list_blobs(prefix=prefix)]

    def upload(self, directory: Path, prefix: str) -> None:
        for path in directory.rglob("*.pdf"):
            self.bucket.blob(f"{prefix}/{path.relative_to(directory)}").upload_from_filename(path)

    def download(self, prefix: str, directory: Path) -> Path:
        for name in self.names(f"{prefix}/"):
            path = directory / name.removeprefix(f"{prefix}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.read(name))
        return directory

    def read(self, name: str) -> bytes:
        return self.bucket.blob(name).download_as_bytes()


class Proxy(BaseHTTPRequestHandler):
    """Stands before another server and passes requests and answers on, but for what a subclass keeps."""

    address = ""
    asked = 0
    refused = 0

    def refusal(self) -> int | None:
        """Returns the status with which this request is refused; `None` if it is passed on."""
        return None

    def trim(self, content: bytes) -> bytes:
        """Returns what of an answer arrives: all of it."""
        return content

    def forward(self) -> None:
        kind = type(self)
        kind.asked += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = self.refusal()
        if status:
            kind.refused += 1
            self.send_error(status)
            return
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"))
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        # Its answers tell where to read a file: here.
        content = answer.read().replace(self.address.encode(), f"http://{self.headers['Host']}".encode())
        content = self.trim(content)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, str(len(content)) if name.lower() == "content-length" else value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward


class Flaky(Proxy):
    """Answers each twentieth request with 503, as a busy server does."""

    def refusal(self) -> int | None:
        return 503 if self.asked % 20 == 0 else None


class Forbidding(Proxy):
    """Shows what there is and gives none of it."""

    def refusal(self) -> int | None:
        return 403 if self.path.startswith("/download/") else None


class Dataflow(BaseHTTPRequestHandler):
    """What of Dataflow's API submits a job and asks for its state; it runs what was staged in this process."""

    jobs: list[dict[str, Any]]
    workers: list[threading.Thread]
    may_build: threading.Event

    def do_POST(self) -> None:
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
        path = self.path.partition("?")[0]
        found = re.search(r"/jobs/job-(\d+)$", path)
        self.answer(self.jobs[int(found[1])] if found else {})

    def execute(self, job: dict[str, Any]) -> None:
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
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(record).encode())

    def log_message(self, *_: object) -> None:
        pass


def staged_pipeline(job: dict[str, Any]) -> Any:
    """Returns the pipeline that a job names: Beam's protocol buffer, read from the bucket."""
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.portability.api import beam_runner_api_pb2

    url = job["environment"]["sdkPipelineOptions"]["options"]["pipelineUrl"]
    with FileSystems.open(url, compression_type="uncompressed") as stream:
        return beam_runner_api_pb2.Pipeline.FromString(stream.read())
