"""An exported model opens in `transformers` without Folio: same inputs, same logits, same texts."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.trainer.launches import environment
from tests.trainer.pages import TINY, TOKENIZER, page_image
from tests.trainer.tasks.item_samples import item_sample
from trainer.answering.predictor import Predictor
from trainer.data.collate import collate
from trainer.model.batch import Batch
from trainer.model.docformer import DocFormerV2
from trainer.model.export import export_model, load_model
from trainer.model.generation import generate
from trainer.model.hub.bundle import bundled_source
from trainer.model.page_canvas import page_patches
from trainer.tasks.answers.scores import anls_scores
from trainer.tasks.answers.task import Answers
from trainer.tasks.base import Example, Task
from trainer.tasks.items import Item
from trainer.tasks.page_changes import without_boxes
from trainer.tasks.token_windows import encoder_text

SCRIPT = Path(__file__).with_name("without_folio.py")
WORDS = ["Invoice", "No.", "4711", "Total:", "$12.50"]
BOXES = [[100 * i, 50, 100 * i + 80, 70] for i in range(len(WORDS))]
QUESTION = "What is the total?"
TASK = Answers(
    anls_scores,
    "anls",
    max_text_tokens=32,
    max_target_tokens=6,
    reads_images=False,
    tokenizer=TOKENIZER,
    seed=0,
)


@pytest.fixture(scope="module")
def model() -> DocFormerV2:
    torch.manual_seed(0)
    made = DocFormerV2(replace(TINY, image_height=128, image_width=96)).eval()
    with torch.no_grad():
        made.tokens.weight[made.config.pad_id] = 0  # else it would repeat the first token, which is no text
    return made


@pytest.fixture(scope="module")
def results(model, tmp_path_factory) -> dict[str, dict[str, Any]]:
    """What `transformers` computes from two exported models in a process without Folio."""
    root = tmp_path_factory.mktemp("hub")
    tuned = {"task": "questions", "settings": TASK.record(), "boxes": "removed"}
    tasks = {"pretrained": None, "tuned": tuned}
    for name, task in tasks.items():
        export_model(model, TOKENIZER, root / name / "model", steps=3, task=task)
        page = {"words": WORDS, "boxes": BOXES, "image": page_image(), "question": QUESTION}
        torch.save(page, root / name / "page.pt")
    command = [sys.executable, str(SCRIPT), *(str(root / name) for name in tasks)]
    variables = {**environment(), "HF_HOME": str(root / "cache"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {name: torch.load(root / name / "result.pt", weights_only=False) for name in tasks}
    return {name: {**loaded[name], "folder": root / name, "log": done.stderr} for name in tasks}


@pytest.fixture(scope="module")
def found(results) -> dict[str, Any]:
    return results["pretrained"]


def our_batch(model: DocFormerV2) -> Batch:
    question = [piece for pieces in TOKENIZER.encode_words([*QUESTION.split(), ":"]) for piece in pieces]
    pieces = TOKENIZER.encode_words(WORDS)
    rows = [[piece, 0, 0, 0, *box] for ids, box in zip(pieces, BOXES, strict=True) for piece in ids]
    text = encoder_text(question, np.array(rows, np.int32), TOKENIZER.eos_id)
    page = page_patches(page_image(), model.config)
    example = Example(key="a", **text, labels=np.array([0, 5, 6, 7], np.int32), page=page)

    class Plain(Task):
        objectives = ()

    return collate([example], Plain(), pad_multiple=2)


def test_the_inputs_are_those_of_folio(model, found):
    ours, length = our_batch(model), found["inputs"]["input_ids"].shape[1]
    for name in ("input_ids", "boxes", "box_visible"):
        assert torch.equal(found["inputs"][name], ours[name][:, :length]), name
    for name in ("images", "patch_boxes", "patch_visible"):
        assert torch.equal(found["inputs"][name], ours[name]), name


def test_logits_loss_and_texts_are_those_of_folio(model, found):
    batch = our_batch(model)
    with torch.no_grad():
        logits = model.decode(*model.encode(batch), torch.tensor([[0, 5, 6, 7]]))
        targets = torch.tensor([[0, 5, 6, 7]])
        shifted = model.decode(*model.encode(batch), F.pad(targets[:, :-1], (1, 0)))
    torch.testing.assert_close(found["logits"], logits)
    assert found["loss"] == pytest.approx(float(F.cross_entropy(shifted[0], targets[0])), rel=1e-4)
    for name, beams, length in (("greedy", 1, 64), ("beams", 3, 6)):
        assert found[name][:, 1:].tolist() == generate(model, batch, length, beams).ids.tolist()


def test_a_fine_tuned_model_reads_and_answers_as_in_folio(model, results):
    tuned, sample = results["tuned"], item_sample(WORDS, Item("a", {"question": QUESTION, "answers": []}), boxes=BOXES)
    [window] = TASK.windows(without_boxes(sample))
    batch = collate([window], TASK, pad_multiple=1)
    assert tuned["inputs"].keys() == {"input_ids", "attention_mask", "boxes", "box_visible"}
    for name in ("input_ids", "boxes", "box_visible"):
        assert torch.equal(tuned["inputs"][name], batch[name]), name
    with torch.no_grad():
        logits = model.decode(*model.encode(batch), torch.tensor([[0, 5, 6, 7]]))
    torch.testing.assert_close(tuned["logits"], logits)
    assert not torch.allclose(tuned["logits"], results["pretrained"]["logits"])
    answer = Predictor(tuned["folder"] / "model").ask(sample, QUESTION)
    assert tuned["text"] == answer.text != ""


def test_a_folder_of_save_pretrained_answers_in_folio(results):
    sample = item_sample(WORDS, Item("a", {}), boxes=BOXES)
    folder = results["tuned"]["folder"]
    answers = [Predictor(folder / name).ask(sample, QUESTION) for name in ("model", "saved")]
    assert answers[0] == answers[1]


def test_save_pretrained_writes_a_model_that_both_libraries_open(model, found):
    assert found["same"]
    again, _ = load_model(found["folder"] / "saved")
    assert torch.equal(again.tokens.weight, model.tokens.weight)
    assert (found["folder"] / "saved/modeling_docformer_v2.py").exists()
    assert (found["folder"] / "saved/processor_config.json").exists()


def test_transformers_reports_no_missing_or_unexpected_weights(found):
    assert not any(word in found["log"] for word in ("newly initialized", "MISSING", "UNEXPECTED")), found["log"]


def test_the_file_imports_only_public_libraries_and_defines_each_name_once():
    tree = ast.parse(bundled_source())
    modules = {node.module.split(".")[0] for node in tree.body if isinstance(node, ast.ImportFrom) and node.module}
    assert not modules & {"schemas", "trainer", "pipelines"}
    names = [node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    assert len(names) == len(set(names))
