"""The command `pipelines.samples`."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from pipelines.samples.__main__ import main
from tests.support.commands import LIMIT_S, start


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_last_log_line_says_what_was_written(tmp_path, capsys):
    flags = ["--count", "4", "--scan_share", "0.5", "--kinds", "receipt", "form"]
    assert main(["--output", str(tmp_path), *flags]) == 0
    names = sorted(path.name for path in tmp_path.glob("*.pdf"))
    assert [name[:12] for name in names] == [f"sample-0000{index}" for index in range(4)]
    log = capsys.readouterr().err
    assert "4 documents" in log and "2 scans" in log and "2 form, 2 receipt" in log


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--count", "0"], "'0' is not a whole number of 1 or more"),
        (["--count", "many"], "'many' is not a whole number"),
        (["--scan_share", "40"], "'40' is not a number from 0 to 1"),
        (["--kinds", "poem"], "'poem'"),
        (["--sede", "1"], "--sede"),
    ],
)
def test_wrong_usage_exits_with_2_and_names_the_value(tmp_path, capsys, flags, message):
    with pytest.raises(SystemExit) as stop:
        main(["--output", str(tmp_path), *flags])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_an_output_that_cannot_be_created_exits_with_2_and_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("a file where the folder should be")
    assert main(["--output", str(tmp_path / "file"), "--count", "1"]) == 2
    assert f"error: --output {tmp_path / 'file'} cannot be written" in capsys.readouterr().err


def test_ctrl_c_says_how_to_continue(tmp_path):
    process = start("pipelines.samples", "--output", tmp_path / "samples", "--count", 100_000)
    while not list(tmp_path.glob("samples/*.pdf")) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, log) == (130, "stopped; run the same command again to continue\n")


def test_a_folder_with_other_samples_is_an_error_and_one_with_the_same_samples_is_completed(tmp_path, capsys):
    call = ["--output", str(tmp_path / "there"), "--kinds", "receipt", "letter"]
    assert main([*call, "--count", "2"]) == 0
    assert main([*call, "--count", "3"]) == 0
    before = {path: path.read_bytes() for path in (tmp_path / "there").iterdir()}
    assert main([*call, "--count", "2"]) == 2
    assert "there holds sample-00002-" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (tmp_path / "there").iterdir()} == before


def test_a_count_of_one_is_written_in_the_singular(tmp_path, capsys):
    assert main(["--output", str(tmp_path), "--count", "1", "--scan_share", "1", "--kinds", "receipt"]) == 0
    assert ": 1 document, 1 page, 1 scan (1 receipt)" in capsys.readouterr().err
