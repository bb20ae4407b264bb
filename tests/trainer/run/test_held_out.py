"""Tests of the selection of held-out pages and of their mean losses."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from tests.support.corpora import spoil_corpus, token_with, write_corpus
from tests.trainer.launches import only_rank
from trainer.data.corpora import open_corpora
from trainer.data.loader import PageDataset
from trainer.model.docformer import DocFormerV2
from trainer.run.held_out import Evaluation
from trainer.run.setup import fit_to_corpora, pretraining
from trainer.settings.reading.loading import load_config
from trainer.tasks.pretraining.heads import PretrainingHeads

NAMES = ("denoise", "line", "grid")


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> list[Path]:
    base = tmp_path_factory.mktemp("corpora")
    write_corpus(base / "few", pages=9, words=20, long_side=64)
    write_corpus(base / "many", pages=24, words=30, long_side=64, seed=1)
    return [base / "few", base / "many"]


def held_out(*paths: Path) -> PageDataset:
    small = ["model.image_height=64", "model.image_width=96", "objectives.max_text_tokens=64"]
    config = load_config("tiny", None, {"corpus": [str(path) for path in paths], "val_share": "0.5"}, small)
    corpora, tokenizer = open_corpora(config)
    config = fit_to_corpora(config, corpora, tokenizer)
    task = pretraining(config, tokenizer)
    return PageDataset([corpus.held_out for corpus in corpora], task, config.model, config.seed)


def evaluation(dataset: PageDataset, max_pages: int) -> Evaluation:
    return Evaluation(dataset, max_pages, block_size=2, pad_multiple=32)


def model_for(dataset: PageDataset) -> DocFormerV2:
    torch.manual_seed(0)
    model = DocFormerV2(dataset.model, PretrainingHeads)
    model.device = torch.device("cpu")
    return model


def test_pages_are_taken_from_the_corpora_in_turn_until_one_is_exhausted(paths):
    dataset = held_out(*paths)
    few, many = map(len, dataset.corpora)
    assert 0 < few < many
    for pages in (2, 2 * few, few + many):
        taken = Counter(ref.corpus for block in evaluation(dataset, pages).blocks for ref in block)
        assert taken == {0: min(few, pages // 2), 1: max(pages // 2, pages - few)}


def test_a_few_pages_come_from_all_parts_of_a_corpus_and_do_not_depend_on_its_shards(tmp_path):
    chosen = []
    for name, sizes in {"halves": (30, 30), "uneven": (1, 59)}.items():
        write_corpus(tmp_path / name, pages=60, shards=sizes, words=10, long_side=64)
        dataset = held_out(tmp_path / name)
        refs = [ref for block in evaluation(dataset, 8).blocks for ref in block]
        chosen.append([(dataset.key(ref), dataset.corpora[0].table.shard(ref.row)) for ref in refs])
    halves, uneven = chosen
    assert [key for key, _ in halves] == [key for key, _ in uneven]
    assert min(Counter(shard for _, shard in halves)[number] for number in (0, 1)) >= 2


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_all_ranks_have_the_same_number_of_blocks_and_each_block_is_counted_once(paths, monkeypatch, ranks):
    dataset = held_out(*paths)
    expected = evaluation(dataset, 100).blocks
    monkeypatch.setenv("WORLD_SIZE", str(ranks))
    parts = []
    for rank in range(ranks):
        monkeypatch.setenv("RANK", str(rank))
        parts.append(evaluation(dataset, 100))
    assert len({len(part.blocks) for part in parts}) == 1
    counted = [block for part in parts for block in part.blocks[: part.counted]]
    assert sorted(counted) == sorted(expected)


def test_held_out_losses_are_means_over_the_answers_of_all_corpora(paths):
    combined, *single = (held_out(*paths), held_out(paths[0]), held_out(paths[1]))
    model = model_for(combined)
    with only_rank():
        row, *parts = (evaluation(dataset, 1000).run(model) for dataset in (combined, *single))
    assert row["val_pages"] == sum(part["val_pages"] for part in parts)
    for name in NAMES:
        for kind in ("loss", "acc"):
            low, high = sorted(part[f"val_{kind}_{name}"] for part in parts)
            assert low <= row[f"val_{kind}_{name}"] <= high
    mean = sum(part["val_loss_line"] * part["val_pages"] for part in parts) / row["val_pages"]
    assert row["val_loss_line"] == pytest.approx(mean), "all pages have the same number of pairs"
    assert row["val_loss"] == pytest.approx(sum(row[f"val_loss_{name}"] for name in NAMES))
    assert model.training, "the model is back in training mode"


def test_held_out_pages_that_cannot_be_used_are_counted_and_logged_once(paths, tmp_path, caplog):
    write_corpus(tmp_path / "sound", pages=24, shards=1, words=20, long_side=64)
    # With three in four pages bad, most replacements are bad, too.
    bad = set(range(24)) - set(range(0, 24, 4))
    dataset = held_out(spoil_corpus(tmp_path / "sound", tmp_path / "OUT", bad, token_with(cell=16)))
    model = model_for(dataset)
    with only_rank(), caplog.at_level("WARNING", "trainer"):
        repeated = evaluation(dataset, 1000)
        rows = [repeated.run(model) for _ in range(2)]
    assert rows[0] == rows[1]
    cells = [dataset.corpora[0].sample(row).tokens[:, 3] for row in range(len(dataset.corpora[0]))]
    assert rows[0]["val_bad_samples"] == sum(bool((cell == 16).any()) for cell in cells) > 0
    (message,) = (record.message for record in caplog.records if "held-out" in record.message)
    assert message.startswith(
        f"{rows[0]['val_bad_samples']} of {len(dataset.corpora[0])} held-out pages cannot be used"
    )
