"""Export and import of a trained model."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save, save_file

from schemas.errors import FolioError
from tests.support.disks import small_disk
from tests.trainer.pages import TINY, TOKENIZER, collated, example_of, page_image, page_tokens
from trainer.model.batch import Batch
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.export import export_model, load_model
from trainer.tasks.pretraining.heads import PretrainingHeads


def batch_for(config: ModelConfig) -> Batch:
    return collated([example_of(page_tokens([8] * 9), page_image(), model=config)])


def logits_of(model: DocFormerV2, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        return model.decode(*model.encode(batch), batch["labels"].clamp(min=0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("height", [512, 0], ids=["with an image", "text only"])
def test_an_exported_model_has_bit_identical_logits(tmp_path, dtype, height):
    torch.manual_seed(0)
    config = replace(TINY, image_height=height)
    model = DocFormerV2(config, PretrainingHeads).to(dtype).eval()
    export_model(model, TOKENIZER, tmp_path / "model", steps=3)
    loaded, tokenizer = load_model(tmp_path / "model")
    assert torch.equal(logits_of(loaded, batch_for(config)), logits_of(model, batch_for(config)))
    assert loaded.config == config
    assert tokenizer.sha256 == TOKENIZER.sha256


def test_heads_are_exported_apart_and_tied_weights_are_written_once(tmp_path):
    model = DocFormerV2(TINY, PretrainingHeads)
    export_model(model, TOKENIZER, tmp_path, steps=3)
    weights = load_file(tmp_path / "model.safetensors")
    expected = {name for name, _ in model.named_parameters() if not name.startswith("heads.")}
    assert set(weights) == expected
    assert load_model(tmp_path)[0].heads is None
    weights = load_file(tmp_path / "heads.safetensors")
    assert set(weights) == {name for name, _ in model.named_parameters() if name.startswith("heads.")}
    files = {"config.json", "model.safetensors", "heads.safetensors", "spiece.model", "tokenizer.json"}
    files |= {"modeling_docformer_v2.py", "processor_config.json", "generation_config.json"}
    assert {path.name for path in tmp_path.iterdir()} == files


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export_model(DocFormerV2(TINY, PretrainingHeads), TOKENIZER, folder, steps=3)
    return folder


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(FolioError, match=r"contains no config\.json"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "message"), [("model_type", "t5", "docformer_v2"), ("format_version", 2, "newer")]
)
def test_a_model_of_another_type_or_newer_format_is_refused(exported, tmp_path, field, value, message):
    config = json.loads((exported / "config.json").read_text()) | {field: value}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(FolioError, match=message):
        load_model(tmp_path)


def test_a_setting_that_an_older_export_lacks_gets_its_default(exported, tmp_path):
    folder = shutil.copytree(exported, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    for name in ("visual_boxes", "dropout", "folio_version", "steps"):
        del config[name]
    (folder / "config.json").write_text(json.dumps(config))
    assert load_model(folder)[0].config == load_model(exported)[0].config


def test_an_unknown_setting_of_a_newer_export_is_named_with_the_version_that_wrote_it(exported, tmp_path):
    folder = shutil.copytree(exported, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"wings": 2, "folio_version": "9.1"}))
    with pytest.raises(FolioError, match=r"Folio 9\.1 wrote it, and this is Folio .*: the setting wings is unknown "):
        load_model(folder)


def test_weights_that_do_not_match_the_config_are_refused_and_named(exported, tmp_path):
    weights = load_file(exported / "model.safetensors")
    weights.pop("encoder.norm.weight")
    save_file(weights, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text((exported / "config.json").read_text())
    with pytest.raises(FolioError, match=r"encoder\.norm\.weight"):
        load_model(tmp_path)


def test_a_failed_export_on_a_full_disk_keeps_the_earlier_export(tmp_path):
    small, large = (DocFormerV2(replace(TINY, image_height=0, d_ff=width)) for width in (64, 4096))
    with small_disk(tmp_path / "disk", "40m") as disk:
        export_model(small, TOKENIZER, disk.path / "model", steps=3)
        with pytest.raises(FolioError, match=r"model cannot be written: .* Free disk space"):
            export_model(large, TOKENIZER, disk.path / "model", steps=3)
        assert [path.name for path in disk.path.iterdir()] == ["model"]
        assert load_model(disk.path / "model")[0].config == small.config


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("model.safetensors", b"not weights", "model.safetensors cannot be read"),
        ("model.safetensors", b"", "model.safetensors cannot be read"),
        ("model.safetensors", save({}), "does not fit config.json at "),
        ("spiece.model", b"", "the tokenizer of the model cannot be read"),
        ("config.json", b"{", "config.json is damaged"),
        ("config.json", b'{"model_type": "docformer_v2", "folio_version": "9.1"}', r"9\.1 wrote it.*d_model is miss"),
        ("config.json", b'{"model_type": "\xff"}', "config.json is damaged"),
        ("config.json", b"[" * 100_000, "config.json is damaged"),
        ("config.json", b"[1]", "config.json does not have model_type docformer_v2"),
        ("config.json", b"null", "config.json does not have model_type docformer_v2"),
    ],
)
def test_a_damaged_file_is_named(exported, tmp_path, file, content, words):
    folder = shutil.copytree(exported, tmp_path / "model")
    (folder / file).write_bytes(content)
    with pytest.raises(FolioError, match=words):
        load_model(folder)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "spiece.model"])
@pytest.mark.parametrize("instead", ["nothing", "a folder"])
def test_a_missing_file_is_refused(exported, tmp_path, file, instead):
    folder = shutil.copytree(exported, tmp_path / "model")
    (folder / file).unlink()
    (folder / "tokenizer.json").unlink()  # it would replace spiece.model
    if instead == "a folder":
        (folder / file).mkdir()
    with pytest.raises(FolioError, match=r"config\.json|model\.safetensors cannot be read|the tokenizer of the model"):
        load_model(folder)


def test_a_file_in_place_of_the_folder_is_refused(exported):
    with pytest.raises(FolioError, match="give the folder of an exported model"):
        load_model(exported / "config.json")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("format_version", "2", "format_version '2'"),
        ("format_version", None, "format_version None"),
        ("d_model", "128", "d_model is '128'"),
        ("d_model", 128.0, "d_model is 128.0"),
        ("d_model", None, "d_model is None"),
        ("visual_boxes", 1, "visual_boxes is 1"),
        ("dropout", 2, "model.dropout must lie in"),
        ("d_ff", 10**15, "describes a model that cannot be made here"),
        ("d_ff", 10**30, "describes a model that cannot be made here"),
        ("vocab_size", 5, "does not fit config.json at tokens.weight"),
        ("heads", 2, "does not fit config.json at "),
    ],
)
def test_a_wrong_value_in_the_config_is_refused_and_named(exported, tmp_path, field, value, message):
    folder = shutil.copytree(exported, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {field: value}))
    with pytest.raises(FolioError) as refused:
        load_model(folder)
    assert message in str(refused.value)


def test_weights_that_are_not_floating_point_numbers_are_refused(exported, tmp_path):
    folder = shutil.copytree(exported, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    save_file({name: value.int() for name, value in weights.items()}, folder / "model.safetensors")
    with pytest.raises(FolioError, match=r"does not fit config\.json at "):
        load_model(folder)
