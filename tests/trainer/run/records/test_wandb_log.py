"""Tests of the log on Weights & Biases, written by the real package without a network."""

from __future__ import annotations

import json
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import LIMIT_S
from tests.support.corpora import write_corpus
from tests.trainer.launches import PRETRAIN, SMALL, launcher, rows, run, run_many
from trainer.run.records.wandb_log import WandbLog

HEADER_BYTES, BLOCK_BYTES = 7, 32_768
WHOLE, LAST = 1, 4


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "OUT"
    write_corpus(path, pages=12, words=40, long_side=128)
    return path


@pytest.fixture(scope="module")
def resumed(corpus, tmp_path_factory) -> Path:
    """Returns the directory of a run on two ranks that was resumed after three of its six steps."""
    pytest.importorskip("wandb", reason="the extra folio[wandb] is not installed")
    base = tmp_path_factory.mktemp("runs")
    line = ["--corpus", str(corpus), "--output", str(base / "RUN"), *SMALL, "--save_every", "3"]
    line += ["--wandb_project", "papers"]
    plan = {"first": [*line, "--max_steps", "3"], "second": [*line, "--max_steps", "6"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_ERROR_REPORTING", "false")
        codes, printed = run_many(plan, 2, base)
    assert codes == {"first": 0, "second": 0}, printed
    return base / "RUN"


def records_of(path: Path) -> Iterator:
    """Yields the records that W&B wrote for an offline run: protobufs in LevelDB's log format after a 7-byte header."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, parts = path.read_bytes(), HEADER_BYTES, []
    while at + HEADER_BYTES <= len(data):
        left = BLOCK_BYTES - at % BLOCK_BYTES
        if left < HEADER_BYTES:
            at += left
            continue
        _, size, kind = struct.unpack_from("<IHB", data, at)
        if at + HEADER_BYTES + size > len(data):
            return  # this record is still being written
        parts.append(data[at + HEADER_BYTES : at + HEADER_BYTES + size])
        at += HEADER_BYTES + size
        if kind in (WHOLE, LAST):
            yield Record.FromString(b"".join(parts))
            parts = []


def sessions_of(run_dir: Path) -> list[list]:
    """Returns the records of each W&B session of a run, in order. Each start of the run has its own session."""
    return [closed_session(path) for path in sorted((run_dir / "wandb").glob("offline-run-*/run-*.wandb"))]


def closed_session(path: Path) -> list:
    """Returns all records of a session. W&B's service may write the last ones after it has reported its end."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        session = list(records_of(path))
        if any(record.WhichOneof("record_type") == "exit" for record in session):
            return session
        time.sleep(0.1)
    raise AssertionError(f"{path} has no last record")


def rows_of(session: list) -> list[dict[str, float]]:
    histories = [record.history for record in session if record.WhichOneof("record_type") == "history"]
    return [{item.nested_key[0]: json.loads(item.value_json) for item in history.item} for history in histories]


def test_only_one_rank_writes_every_number_of_every_step(resumed):
    sessions = sessions_of(resumed)
    assert len(sessions) == 2, "one session per start, not per rank"
    found = [row for session in sessions for row in rows_of(session)]
    assert [row["_step"] for row in found] == [1, 2, 3, 4, 5, 6]
    for row, expected in zip(found, rows(resumed), strict=True):
        numbers = {name: value for name, value in expected.items() if isinstance(value, float)}
        assert {name: row[name] for name in numbers} == pytest.approx(numbers)


def test_a_resumed_run_is_the_same_run_on_wandb(resumed):
    heads = [next(r.run for r in session if r.WhichOneof("record_type") == "run") for session in sessions_of(resumed)]
    assert heads[0].run_id == heads[1].run_id
    assert {(head.project, head.display_name) for head in heads} == {("papers", "RUN")}


def test_the_settings_are_stored_with_the_run(resumed):
    head = next(r.run for r in sessions_of(resumed)[0] if r.WhichOneof("record_type") == "run")
    settings = {item.key: json.loads(item.value_json) for item in head.config.update}
    assert settings["max_steps"] == 3
    assert settings["model"]["d_model"] == 32


def test_two_runs_with_the_same_name_have_different_ids(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="the extra folio[wandb] is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    ids = set()
    for parent in ("a", "b"):
        run_dir = tmp_path / parent / "RUN"
        run_dir.mkdir(parents=True)
        WandbLog("papers", run_dir, False, {}).close(failed=False)
        (head,) = (r.run for s in sessions_of(run_dir) for r in s if r.WhichOneof("record_type") == "run")
        ids.add(head.run_id)
    assert len(ids) == 2


def test_a_failed_run_is_marked_as_crashed(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="the extra folio[wandb] is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    WandbLog("papers", tmp_path, False, {}).close(failed=True)
    (session,) = sessions_of(tmp_path)
    assert [r.exit.exit_code for r in session if r.WhichOneof("record_type") == "exit"] == [1]


def test_without_a_login_all_ranks_end_and_one_prints_how_to_log_in(corpus, tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="the extra folio[wandb] is not installed")
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    words = ["--corpus", str(corpus), "--output", str(tmp_path / "RUN"), "--wandb_project", "papers", *SMALL]
    done = run([*launcher(2), str(PRETRAIN), *words], tmp_path)
    assert done.returncode == 2
    (message,) = [line for line in done.stdout.splitlines() if line.startswith("error:")]
    assert message.startswith("error: --wandb_project papers: Weights & Biases rejects the run (")
    assert "wandb login" in message and "WANDB_MODE=offline" in message
    assert "Traceback" not in done.stdout


def test_a_missing_package_is_reported_before_anything_is_written(corpus, tmp_path):
    block = f"import runpy, sys; sys.modules['wandb'] = None; runpy.run_path({str(PRETRAIN)!r}, run_name='__main__')"
    words = ["--corpus", str(corpus), "--output", str(tmp_path / "RUN"), "--wandb_project", "papers"]
    done = run([sys.executable, "-c", block, *words], tmp_path)
    assert done.returncode == 2
    assert done.stdout.strip() == "error: wandb is not installed: pip install '.[wandb]' in Folio's folder"
    assert not (tmp_path / "RUN").exists()
