"""Fixtures for all tests: documents with known truth, and the corpus that the real command builds from them."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.commands import run_module
from tests.support.hostile import write_hostile

TESTS = Path(__file__).parent

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # If a shell starts the tests in the background, they and all commands that they start ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


# On a busy machine any example can be slow. Each run has the same examples.
settings.register_profile("folio", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("folio")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the tests of the trainer first: they are long, and at the end one worker would run such a file alone."""
    items.sort(key=lambda item: not str(item.path).startswith(str(TESTS / "trainer")))


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(report: pytest.TestReport) -> None:
    """Ends the run when a worker of pytest-xdist dies, and names the test that it ran.

    pytest-xdist would run that test again. Its scheduler also gives finished files to the worker that replaces the dead
    worker, and that worker then waits forever.
    """
    report.node.config.hook.pytest_runtest_logreport(report=report)
    pytest.exit(str(report.longrepr), returncode=pytest.ExitCode.TESTS_FAILED)


@dataclass(frozen=True)
class Built:
    """A corpus and how it was built.

    Attributes:
        inputs: directory of the documents.
        output: the corpus.
        log: what the command wrote to stderr.
        hostile: expected status of each hostile file, by name.
    """

    inputs: Path
    output: Path
    log: str
    hostile: dict[str, str]


@pytest.fixture(scope="session")
def sample_documents(tmp_path_factory) -> Path:
    """Twelve generated documents. A third of them are scans."""
    directory = tmp_path_factory.mktemp("samples")
    run_module("pipelines.samples", "--output", directory, "--count", 12, "--seed", 5).check_returncode()
    return directory


@pytest.fixture(scope="session")
def built(sample_documents, tmp_path_factory) -> Built:
    """A corpus in three shards, built by OCR from generated documents and hostile files."""
    hostile = write_hostile(sample_documents / "hostile")
    output = tmp_path_factory.mktemp("corpus") / "out"
    flags = ["--input", sample_documents, "--output", output, "--pages_per_shard", 6, "--workers", 2]
    done = run_module("pipelines.build_corpus", *flags)
    assert done.returncode == 0, done.stderr
    return Built(sample_documents, output, done.stderr, hostile)
