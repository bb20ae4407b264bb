"""What is made once for all tests: documents with known truth, and the corpus that the real command builds of them."""

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
    # A shell that starts the tests in the background has them ignore Ctrl-C, and every command that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


# On a busy machine any example can take long.
settings.register_profile("folio", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("folio")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the trainer's launches first: of workers that share the files, none is left with a long one at the end."""
    items.sort(key=lambda item: not str(item.path).startswith(str(TESTS / "trainer")))


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(report: pytest.TestReport) -> None:
    """Ends the run when a worker of pytest-xdist dies, and names the test that it ran.

    pytest-xdist would run that test again. Its scheduler also gives finished files to the worker that replaces the dead
    one, which then waits for ever.
    """
    report.node.config.hook.pytest_runtest_logreport(report=report)
    pytest.exit(str(report.longrepr), returncode=pytest.ExitCode.TESTS_FAILED)


@dataclass(frozen=True)
class Built:
    """A corpus and how it came about."""

    inputs: Path
    output: Path
    log: str
    hostile: dict[str, str]


@pytest.fixture(scope="session")
def sample_documents(tmp_path_factory) -> Path:
    """Twelve generated documents, a third of them scans."""
    directory = tmp_path_factory.mktemp("samples")
    run_module("pipelines.samples", "--output", directory, "--count", 12, "--seed", 5).check_returncode()
    return directory


@pytest.fixture(scope="session")
def built(sample_documents, tmp_path_factory) -> Built:
    """A corpus of generated documents and hostile files, read by OCR, in three shards."""
    hostile = write_hostile(sample_documents / "hostile")
    output = tmp_path_factory.mktemp("corpus") / "out"
    flags = ["--input", sample_documents, "--output", output, "--pages_per_shard", 6, "--workers", 2]
    done = run_module("pipelines.build_corpus", *flags)
    assert done.returncode == 0, done.stderr
    return Built(sample_documents, output, done.stderr, hostile)
