"""Builds on other runners, also when a worker dies: each corpus equals that of a local build."""

from __future__ import annotations

import os
import signal

import pytest

from pipelines.build.flags import parse_flags
from pipelines.build_corpus import build_corpus
from schemas import UsageError
from tests.chaos.corpora import differences
from tests.clusters.builds import run, start, wait_until
from tests.support.commands import LIMIT_S

DASK = "--runner=apache_beam.runners.dask.dask_runner.DaskRunner"
PORTABLE = ("--runner=PortableRunner", "--job_endpoint=embed", "--environment_type=LOOPBACK")


@pytest.fixture(scope="module")
def cluster(environment):
    """A Dask cluster of two worker processes."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, env=environment
    ) as cluster:
        yield cluster


def test_dask_builds_the_same_corpus_when_a_worker_dies_half_way(cluster, environment, documents, reference, tmp_path):
    out = tmp_path / "out"
    process = start(environment, documents, out, DASK, f"--dask_client_address={cluster.scheduler_address}")
    wait_until(lambda: list(out.glob("shards/*.parquet")), process)
    os.kill(cluster.workers[0].pid, signal.SIGKILL)
    _, log = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, log
    assert "built 5/5 shards" in log
    assert differences(out, reference) == []


def test_a_portable_job_server_builds_the_same_corpus(environment, documents, reference, tmp_path):
    code, log = run(environment, documents, tmp_path / "out", *PORTABLE)
    assert code == 0, log
    assert "built 5/5 shards" in log
    assert differences(tmp_path / "out", reference) == []


def test_a_scheduler_that_does_not_answer_is_reported_with_its_flag(environment, documents, tmp_path):
    pytest.importorskip("distributed", reason="needs the extra dask")
    flags = (DASK, "--dask_client_address=tcp://127.0.0.1:1", "--dask_connection_timeout=1")
    code, log = run(environment, documents, tmp_path / "out", *flags)
    assert code == 1
    assert "error: --dask_client_address tcp://127.0.0.1:1: no scheduler answers (" in log
    assert "start one there with `dask scheduler`" in log


@pytest.mark.parametrize("flags", [(DASK, "--dask_client_address=tcp://127.0.0.1:1"), PORTABLE])
def test_no_wait_until_finish_is_refused_if_the_runner_stops_with_the_command(documents, tmp_path, flags):
    flags = ["--input", str(documents), "--output", str(tmp_path / "out"), *flags, "--no_wait_until_finish"]
    with pytest.raises(UsageError, match="this runner stops its work when the command ends"):
        build_corpus(*parse_flags(flags))
