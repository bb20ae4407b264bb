"""The dataset card is correct: the hub can read its front matter, and its code snippets run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pipelines.report.card import render_card, size_category
from schemas import CorpusIndex
from tests.support.commands import LIMIT_S, ROOT
from tests.support.corpora import write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("card") / "out"
    (directory / "README.md").parent.mkdir()
    index = write_corpus(directory / "corpus", pages=4, shards=2, long_side=256)
    (directory / "corpus" / "README.md").write_text(render_card(index), encoding="utf-8")
    return directory / "corpus"


@pytest.fixture(scope="module")
def card(corpus) -> str:
    return (corpus / "README.md").read_text(encoding="utf-8")


def front_matter(card: str) -> dict:
    return yaml.safe_load(card.split("---\n")[1])


def run_in(corpus: Path, code: str) -> str:
    """Runs Python code in the corpus directory, without access to the hub, and returns its stdout."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(corpus.parent / "hub"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=corpus,
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("library", ["webdataset", "datasets", "schemas"])
def test_the_snippet_runs_and_prints_a_page(corpus, card, library):
    (snippet,) = [
        code
        for code in re.findall(r"```python\n(.*?)```", card, re.DOTALL)
        if f"{library} import" in code or f"import {library}" in code
    ]
    key, rest = run_in(corpus, snippet).split(" ", 1)
    assert re.fullmatch(r"[0-9a-f]{16}-\d{5}", key)
    assert "['" in rest


def test_datasets_loads_the_corpus_directory_by_its_front_matter(corpus):
    code = f"""
from datasets import load_dataset
pages = load_dataset({str(corpus)!r}, split="train", streaming=True)
print(sorted(sample["__key__"] for sample in pages))
"""
    assert run_in(corpus, code).count("-0000") == 4


def test_the_front_matter_names_shards_licence_and_size(card):
    head = front_matter(card)
    assert head["configs"] == [{"config_name": "default", "data_files": [{"split": "train", "path": "shards/*.tar"}]}]
    assert head["license"] == "other"
    assert head["size_categories"] == ["n<1K"]
    assert "webdataset" in head["tags"]


def test_the_card_gives_counts_columns_tokenizer_and_configuration(corpus, card):
    index = CorpusIndex.read(corpus)
    for value in (
        f"{index.totals['words']:,}",
        f"{index.totals['tokens']:,}",
        index.tokenizer.sha256,
        index.fingerprint,
    ):
        assert value in card
    assert all(f"`{column}`" in card for column in index.token_columns)
    assert '"image_long_side": 256' in card


def test_the_card_counts_the_pages_without_a_sample(card, corpus):
    assert "Not among the samples: 1 blank, 1 corrupt, 1 encrypted, 1 timeout." in card
    index = CorpusIndex.read(corpus)
    complete = replace(index, totals=index.totals | {"status": {"ok": 4}})
    assert "Every page that was attempted is among the samples." in render_card(complete)


def test_the_value_of_a_setting_cannot_end_its_code_block(corpus):
    index = CorpusIndex.read(corpus)
    hostile = "```\n# Heading\n---\n<script>alert(1)</script>"
    card = render_card(replace(index, config={"inputs": [hostile]}))
    assert front_matter(card) == front_matter(render_card(index))
    (line,) = [line for line in card.splitlines() if "<script>" in line]
    assert line.startswith("    ")


@pytest.mark.parametrize(
    ("samples", "category"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (250_000, "100K<n<1M"), (10**9, "1B<n<10B"), (10**13, "n>1T")],
)
def test_the_size_is_a_category_of_the_hub(samples, category):
    assert size_category(samples) == category
