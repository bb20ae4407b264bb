"""Tests of the comparison of a checkpoint with a run that resumes from it."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from schemas import UsageError
from trainer.checkpoints.facts import require_same
from trainer.model.config import MODEL_SIZES


def test_a_run_is_resumed_only_with_the_same_facts():
    saved = {"seed": 0, "model": {"d_model": 32, "dropout": 0.1}}
    require_same(saved, {"seed": 0, "model": {"d_model": 32, "dropout": 0.1}}, "RUN")
    with pytest.raises(UsageError) as refused:
        require_same(saved, {"seed": 1, "model": {"d_model": 64, "dropout": 0.1}}, "RUN")
    assert "model.d_model was 32, is 64; --seed was 0, is 1" in str(refused.value)
    assert "dropout" not in str(refused.value)


def test_another_number_of_ranks_is_refused_with_the_flag_that_allows_it():
    with pytest.raises(UsageError, match=r"ranks was 2, is 1. Pass --change_ranks true to resume it\."):
        require_same({"seed": 0, "ranks": 2}, {"seed": 0, "ranks": 1}, "RUN")
    require_same({"seed": 0, "ranks": 2}, {"seed": 0, "ranks": 1}, "RUN", ignore=["ranks"])


def corpora(*entries: tuple[str, str, float]) -> dict[str, object]:
    """Returns the facts of corpora, given as path, content and weight."""
    return {"corpus": [[content, weight] for _, content, weight in entries], "corpus_paths": [e[0] for e in entries]}


def refusal(saved: dict[str, object], now: dict[str, object]) -> str:
    with pytest.raises(UsageError) as refused:
        require_same(saved, now, "RUN")
    return str(refused.value)


def test_another_corpus_is_refused_with_both_paths_and_the_way_to_go_on():
    message = refusal(corpora(("may", "1f", 10.0)), corpora(("june", "2e", 20.0)))
    assert "--corpus was may, is june." in message
    assert message.endswith("choose another directory and pass --init_from RUN.")


def test_a_corpus_that_grew_in_its_place_is_named():
    assert "the pages of --corpus docs have changed" in refusal(
        corpora(("docs", "1f", 10.0)), corpora(("docs", "2e", 20.0))
    )


def test_another_mixture_is_refused_with_the_weights():
    one, other = (corpora(("a", "1f", share), ("b", "2e", 1 - share)) for share in (0.7, 0.5))
    assert "--corpus was a:0.7 b:0.3, is a:0.5 b:0.5" in refusal(one, other)


def test_a_run_that_was_out_of_memory_may_resume_with_activation_checkpointing():
    now = asdict(MODEL_SIZES["tiny"])
    require_same({"model": now}, {"model": now | {"activation_checkpointing": True}}, "RUN")


@pytest.mark.parametrize(("changed", "possible"), [({"dropout": 0.1}, True), ({"d_ff": 8}, False)])
def test_init_from_is_advised_only_for_a_network_that_takes_the_weights(changed, possible):
    now = asdict(MODEL_SIZES["tiny"])
    assert ("--init_from RUN" in refusal({"model": now}, {"model": now | changed})) == possible


def test_a_corpus_may_be_moved():
    require_same(corpora(("here", "1f", 10.0)), corpora(("there", "1f", 10.0)), "RUN")


def test_a_checkpoint_that_lacks_a_newer_setting_of_the_model_had_its_default():
    now = asdict(MODEL_SIZES["tiny"])
    saved = {name: value for name, value in now.items() if name != "visual_boxes"}
    require_same({"model": saved}, {"model": now}, "RUN")
    assert "model.visual_boxes was True, is False" in refusal(
        {"model": saved}, {"model": now | {"visual_boxes": False}}
    )
