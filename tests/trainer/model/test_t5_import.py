"""Which T5 checkpoints `--init_from` accepts and refuses. test_t5_parity compares the loaded network with T5."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from schemas import UsageError
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.t5_import import import_t5
from trainer.tasks.pretraining.heads import PretrainingHeads

transformers = pytest.importorskip("transformers")

SHAPE = ModelConfig(
    d_model=32, d_ff=64, d_kv=8, heads=4, encoder_layers=2, decoder_layers=1, vocab_size=128, image_height=64
)


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("t5")
    config = transformers.T5Config(
        vocab_size=128, d_model=32, d_kv=8, d_ff=64, num_heads=4, num_layers=2, num_decoder_layers=1
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


@pytest.fixture
def folder(original, tmp_path) -> Path:
    """A copy of the checkpoint that a test may change."""
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((original / name).read_bytes())
    return tmp_path


def model(**changes: object) -> DocFormerV2:
    torch.manual_seed(1)
    return DocFormerV2(replace(SHAPE, **changes), PretrainingHeads)


def change_weights(folder: Path, changes: dict[str, torch.Tensor | None]) -> None:
    weights = load_file(folder / "model.safetensors") | changes
    save_file({name: value for name, value in weights.items() if value is not None}, folder / "model.safetensors")


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def in_parts(original: Path, folder: Path, suffix: str) -> Path:
    """Writes the checkpoint with its weights in three files and an index, as large ones are published."""
    weights = load_file(original / "model.safetensors")
    stem, names = ("model", "pytorch_model")[suffix == "bin"], sorted(weights)
    parts = {f"{stem}-{n + 1:05d}-of-00003.{suffix}": names[n::3] for n in range(3)}
    for file, part in parts.items():
        write = torch.save if suffix == "bin" else save_file
        write({name: weights[name] for name in part}, folder / file)
    index = {"metadata": {}, "weight_map": {name: file for file, part in parts.items() for name in part}}
    (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_bytes((original / "config.json").read_bytes())
    return folder


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_weights_in_several_files_are_read_as_one(original, tmp_path, suffix):
    whole, parts = model(), model()
    import_t5(whole, original)
    import_t5(parts, in_parts(original, tmp_path, suffix))
    for name, value in whole.named_parameters():
        assert torch.equal(value, parts.get_parameter(name)), name


def test_a_missing_part_of_the_weights_is_named(original, tmp_path):
    in_parts(original, tmp_path, "safetensors")
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(UsageError, match=r"has no model-00002-of-00003\.safetensors, which model\.safetensors\.index"):
        import_t5(model(), tmp_path)


@pytest.mark.parametrize("content", ["[]", "{}", '{"weight_map": ["a"]}', '{"weight_map": {"shared.weight": 1}}'])
def test_an_index_that_names_no_files_is_refused(original, tmp_path, content):
    (in_parts(original, tmp_path, "safetensors") / "model.safetensors.index.json").write_text(content)
    with pytest.raises(UsageError, match=r"model\.safetensors\.index\.json has no weight_map .* download them again"):
        import_t5(model(), tmp_path)


@pytest.mark.parametrize("content", [[torch.zeros(2)], {"model": {"shared.weight": torch.zeros(2)}}])
def test_a_pickled_file_without_a_table_of_weights_is_refused(folder, content):
    (folder / "model.safetensors").unlink()
    torch.save(content, folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match=r"pytorch_model\.bin contains no table of weights"):
        import_t5(model(), folder)


def test_weights_that_t5_has_are_replaced_and_the_others_stay(original):
    before, after = model().state_dict(), model()
    import_t5(after, original)
    same = {name for name, value in after.state_dict().items() if torch.equal(value, before[name])}
    fresh = {name for name in before if name.startswith(("boxes.", "visual.", "heads."))}
    norms = {name for name in before if name.endswith("norm.weight")}  # all ones in both models
    assert same == fresh | norms
    t5 = load_file(original / "model.safetensors")
    assert torch.equal(after.tokens.weight, t5["shared.weight"])
    assert after.vocabulary.weight is after.tokens.weight
    bias = t5["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
    assert torch.equal(after.encoder.position_bias.values.weight, bias)


def test_a_pickled_file_with_copies_of_the_embeddings_and_an_unused_bias_is_read(folder):
    expected = model()
    import_t5(expected, folder)
    weights = load_file(folder / "model.safetensors")
    for name in ("lm_head.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"):
        weights[name] = weights["shared.weight"].clone()
    weights["decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"] = torch.randn(32, 4)
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    (folder / "config.json").write_text(
        json.dumps(
            {
                "model_type": "t5",
                "vocab_size": 128,
                "d_model": 32,
                "d_kv": 8,
                "d_ff": 64,
                "num_heads": 4,
                "num_layers": 2,
                "num_decoder_layers": 1,
            }
        )
    )
    ours = model()
    import_t5(ours, folder)
    assert all(torch.equal(value, expected.state_dict()[name]) for name, value in ours.state_dict().items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feed_forward_proj": "gated-gelu"}, "feed_forward_proj 'gated-gelu'"),
        ({"tie_word_embeddings": False}, "not tied"),
        ({"model_type": "mt5"}, "model_type 'mt5'"),
        ({"d_model": 64}, r"d_model 64, the model has model\.d_model 32"),
        ({"num_layers": 3}, r"num_layers 3, the model has model\.encoder_layers 2"),
        ({"vocab_size": 256}, "vocab_size 256.*tokenizer"),
        ({"relative_attention_num_buckets": 16}, "relative_attention_num_buckets 16"),
    ],
)
def test_a_different_network_is_refused_and_the_setting_is_named(folder, changes, message):
    change_config(folder, **changes)
    with pytest.raises(UsageError, match=message):
        import_t5(model(), folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lm_head.weight": torch.zeros(128, 32)}, r"lm_head\.weight differs from shared\.weight"),
        ({"encoder.final_layer_norm.weight": None}, r"encoder\.norm\.weight"),
        ({"encoder.block.0.layer.1.DenseReluDense.wi_0.weight": torch.zeros(64, 32)}, "wi_0"),
        ({"encoder.block.0.layer.0.SelfAttention.q.weight": torch.zeros(32, 16)}, r"\(32, 16\), not \(32, 32\)"),
        ({"encoder.block.0.layer.0.SelfAttention.q.weight": torch.full((32, 32), torch.nan)}, "not finite"),
    ],
)
def test_weights_that_do_not_match_the_config_are_refused_and_named(folder, changes, message):
    change_weights(folder, changes)
    with pytest.raises(UsageError, match=message):
        import_t5(model(), folder)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "contains no model: give a T5 folder, an exported model of"),
        (lambda folder: (folder / "config.json").write_text("{"), r"has a config\.json that cannot be read \(Expect"),
        (shutil.rmtree, "does not exist: give a T5 folder"),
        (lambda folder: folder.rename(f"{folder}-moved") and folder.write_text("a file"), "is a file: give a T5"),
        (lambda folder: (folder / "config.json").write_text("[1]"), r"config\.json contains no settings"),
        (lambda folder: (folder / "model.safetensors").unlink(), r"has no model\.safetensors or pytorch_model\.bin"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"torn"), "weights cannot be read"),
    ],
)
def test_a_folder_that_cannot_be_read_is_refused(folder, damage, message):
    damage(folder)
    with pytest.raises(UsageError, match=message) as refused:
        import_t5(model(), folder)
    assert str(refused.value).count(str(folder)) == 1
