"""A few dozen damaged documents of `benchmarks.corpus.fuzz`. The benchmark itself builds thousands."""

from __future__ import annotations

import random

import pytest

from benchmarks.corpus.mutations import MUTATIONS, decompression_bomb, sound_documents, write_mutants
from tests.support.commands import run_module

QUICK = ("--text_source", "pdf", "--dpi", 50, "--image_long_side", 256, "--page_timeout_s", 3, "--workers", 2)


def test_damaged_documents_do_not_stop_a_run_and_each_has_its_rows(tmp_path):
    done = run_module("benchmarks.corpus.fuzz", "--work", tmp_path, "--documents", 40, "--seed", 7, *QUICK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "40 documents" in done.stdout and " 0 missing or duplicated" in done.stdout


def test_the_same_seed_gives_the_same_damage(tmp_path):
    for name in ("one", "other"):
        write_mutants(tmp_path / name, 20, seed=3)
    one, other = (sorted((tmp_path / name).iterdir()) for name in ("one", "other"))
    assert [path.name for path in one] == [path.name for path in other]
    assert all(path.read_bytes() == same.read_bytes() for path, same in zip(one, other, strict=True))


@pytest.mark.parametrize("kind", sorted(MUTATIONS.keys() - {"bomb"}))
def test_each_mutation_changes_a_document(kind):
    mutate, _ = MUTATIONS[kind]
    sound = sound_documents(0)
    assert any(mutate(data, random.Random(number)) != data for number, data in enumerate(sound))


def test_a_bomb_is_small_on_disk():
    assert len(decompression_bomb(b"%%EOF", random.Random(0))) < 3_000_000
