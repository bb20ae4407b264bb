"""A model is fine-tuned on own labels of small forms, then finds the entities of the same forms as PDFs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.build.page_stream import read_pages
from pipelines.config import PageConfig
from schemas import UsageError, load_tokenizer
from tests.support.browser import chromium, needs_chromium
from tests.trainer.forms import QUESTIONS, write_form_pdf, write_labels
from tests.trainer.launches import finetune_alone, validation_rows
from trainer import predict
from trainer.answering.labeller import Entity, Labeller
from trainer.answering.predictor import Predictor
from trainer.model.config import MODEL_SIZES
from trainer.model.docformer import DocFormerV2
from trainer.model.export import export_model
from trainer.tasks.links.task import EntityLinks

FLAGS = (
    *("--task", "labels", "--model", "none", "--size", "tiny", "--reads_images", "false", "--val_share", "0.25"),
    *("--max_steps", "30", "--val_every", "30", "--global_batch", "4", "--workers", "0", "--tensorboard", "false"),
    *("model.dropout=0", "model.d_model=32", "model.d_ff=64", "model.heads=2", "model.encoder_layers=1"),
    *("model.decoder_layers=1", "model.image_height=64", "model.image_width=96", "optimizer.learning_rate=3e-2"),
    *("optimizer.warmup_steps=10", "optimizer.final_lr_share=1"),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The run that learned to label."""
    folder = tmp_path_factory.mktemp("labels")
    return finetune_alone(FLAGS, write_labels(folder / "forms"), folder)


@pytest.fixture(scope="module")
def found(run, tmp_path_factory) -> Path:
    """The output of the command for a folder with a form and a file that is no PDF."""
    folder = tmp_path_factory.mktemp("found")
    (folder / "in").mkdir()
    write_form_pdf(folder / "in/form.pdf", 3)
    (folder / "in/bad.pdf").write_text("this is no document")
    flags = ["--model", str(run), "--input", str(folder / "in"), "--output", str(folder / "labels.jsonl")]
    assert predict.main([*flags, "--html", str(folder / "labels.html")]) == 0
    return folder


def test_own_labels_are_learned_and_stored_with_the_model(run):
    assert validation_rows(run)[-1]["val_f1"] > 0.9
    labels = json.loads((run / "model/task.json").read_text())["settings"]["labels"]
    assert labels == ["O", "B-answer", "B-question", "I-answer"]


def test_the_entities_of_each_document_are_a_line_of_json(found):
    rows = {Path(row["file"]).name: row for row in map(json.loads, (found / "labels.jsonl").read_text().splitlines())}
    entities = rows["form.pdf"]["entities"]
    assert {e["text"] for e in entities if e["label"] == "question"} == set(QUESTIONS)
    assert {e["text"] for e in entities if e["label"] == "answer"} == {f"{300 + 7 * row} 3" for row in range(4)}
    assert all(entity["page"] == 1 and len(entity["boxes"]) == 1 for entity in entities)
    assert all(0 < entity["score"] <= 1 for entity in entities)
    assert rows["bad.pdf"]["entities"] == []
    assert "not_pdf" in rows["bad.pdf"]["failed"][0]


@needs_chromium
def test_the_page_marks_each_entity_in_the_colour_of_its_label(found):
    with chromium() as (page, messages):
        page.goto((found / "labels.html").as_uri())
        legend = page.locator("li").all_text_contents()
        colours = {
            label: set(page.locator(f'figure span[title^="{label}: "]').evaluate_all(COLOUR))
            for label in ("answer", "question")
        }
        keys = dict(zip(("answer", "question"), page.locator("li").evaluate_all(COLOUR), strict=True))
    assert legend == ["answer: 4", "question: 4"]
    assert colours == {label: {colour} for label, colour in keys.items()}
    assert len(set(keys.values())) == 2
    assert messages == []


COLOUR = "marks => marks.map(mark => getComputedStyle(mark).backgroundColor)"


def test_a_page_is_labelled_in_python(run, tmp_path):
    page = next(iter(read_pages(write_form_pdf(tmp_path / "form.pdf", 1), PageConfig(text_source="pdf")))).stored()
    entities = Labeller(run).entities(page)
    word = next(word for word in page.page().words if word.text == "Total:")
    [total] = [entity for entity in entities if entity.boxes == (word.box,)]
    assert total == Entity("question", "Total:", 1, total.score, (word.box,))
    assert 0.5 < total.score <= 1


@pytest.mark.parametrize("flags", [["--question", "What is the total?"], ["--fields", "fields.yaml"]])
def test_a_model_of_labels_is_not_asked(run, flags, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    Path("fields.yaml").write_text("total: What is the total?\n")
    assert predict.main(["--model", str(run), "--input", ".", *flags]) == 2
    assert f"--model {run}/model labels words: leave out --question and --fields" in caplog.text


def test_a_model_of_labels_does_not_answer_in_python(run):
    with pytest.raises(UsageError, match="was not fine-tuned on questions"):
        Predictor(run)


def test_a_model_of_links_is_not_used_on_documents(tmp_path, caplog):
    tokenizer = load_tokenizer()
    task = EntityLinks(max_text_tokens=64, reads_images=False, tokenizer=tokenizer, seed=0)
    small = {"d_model": 32, "d_ff": 64, "heads": 2, "encoder_layers": 1, "decoder_layers": 1}
    config = replace(MODEL_SIZES["tiny"].with_tokenizer(tokenizer), **small)
    record = {"task": "funsd-links", "settings": task.record()}
    export_model(DocFormerV2(config, task.make_heads), tokenizer, tmp_path / "model", 1, record)
    assert predict.main(["--model", str(tmp_path / "model"), "--input", "."]) == 2
    assert "neither answers questions nor labels words: use trainer.evaluate" in caplog.text
