"""Tokenizers by their name on the hub, loaded from a small local hub.

Each test loads in a child process, because the hub client reads its environment variables only once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from schemas import load_tokenizer
from tests.support.commands import LIMIT_S

COMMIT = "0" * 40
PROGRAM = """
import sys
from schemas import UsageError, load_tokenizer
try:
    print(load_tokenizer(sys.argv[1]).sha256)
except UsageError as error:
    sys.exit(str(error))
"""


class Hub(BaseHTTPRequestHandler):
    """A hub with two repositories: `acme/t5` contains a `spiece.model`, `acme/none` contains no tokenizer."""

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.wfile.write(self.answer())

    def answer(self):
        content = load_tokenizer().path.read_bytes() if self.path == "/acme/t5/resolve/main/spiece.model" else b""
        self.send_response(200 if content else 404)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header(*(("ETag", '"etag"') if content else ("X-Error-Code", "EntryNotFound")))
        self.end_headers()
        return content

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def load_in_child(name, home, **environment):
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGINGFACE_"))}
    variables |= {"HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, name],
        env=variables | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )


def test_a_tokenizer_from_the_hub_is_downloaded_once_and_then_needs_no_network(hub, tmp_path):
    first = load_in_child("acme/t5", tmp_path, HF_ENDPOINT=hub)
    assert (first.returncode, first.stdout.strip()) == (0, load_tokenizer().sha256), first.stderr
    again = load_in_child("acme/t5", tmp_path, HF_HUB_OFFLINE="1")
    assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr


def test_the_error_names_a_repository_without_a_tokenizer(hub, tmp_path):
    done = load_in_child("acme/none", tmp_path, HF_ENDPOINT=hub)
    assert done.returncode == 1
    assert "acme/none on the Hugging Face hub contains neither spiece.model nor tokenizer.json" in done.stderr


@pytest.mark.parametrize(
    "environment", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}], ids=["offline mode", "no network"]
)
def test_without_a_network_a_hub_name_fails_with_one_line(tmp_path, environment):
    done = load_in_child("google/flan-t5-small", tmp_path, **environment)
    assert done.returncode == 1
    assert done.stderr.startswith("--tokenizer google/flan-t5-small: no such file or directory here")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_the_error_names_a_path_that_does_not_exist(tmp_path):
    done = load_in_child("./models/missing.model", tmp_path, HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "--tokenizer ./models/missing.model: no such file or directory here; it may be the path of a SentencePiece "
        "model, the path of a tokenizer.json, or a name on the Hugging Face hub, but this is not a valid name there."
    )
