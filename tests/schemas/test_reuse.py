"""The code snippets of docs/reuse.md run unchanged and give the inputs of each model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import datasets
import numpy as np
import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "reuse.md"
SNIPPETS = re.findall(
    r"^```python( no-run)?\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)


@pytest.fixture(scope="module")
def reuse(corpus_dir, tmp_path_factory):
    """The names that the snippets define. They run one after the other in a directory with a corpus called OUT."""
    directory = tmp_path_factory.mktemp("reuse")
    (directory / "OUT").symlink_to(corpus_dir)
    names = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        for no_run, code in SNIPPETS:
            compiled = compile(code, str(DOCUMENT), "exec")
            if not no_run:
                exec(compiled, names)
        yield names


def test_inputs_of_layoutlmv3_are_words_boxes_and_an_image(reuse):
    for sample in reuse["corpus"]:
        page, inputs = sample.page(), reuse["layoutlmv3_inputs"](sample)
        assert inputs["words"] == [word.text for word in page.words]
        assert inputs["boxes"] == [list(word.box) for word in page.words]
        assert inputs["pixel_values"].shape == (3, 224, 224)
        assert inputs["pixel_values"].dtype == np.float32
        assert -1 <= inputs["pixel_values"].min() < inputs["pixel_values"].max() <= 1


def test_inputs_of_udop_are_t5_ids_and_boxes_as_fractions_of_the_page(reuse):
    for sample in reuse["corpus"]:
        inputs = reuse["udop_inputs"](sample)
        assert inputs["input_ids"].tolist() == [*sample.tokens[:, 0], 1]
        assert inputs["bbox"].shape == (len(sample.tokens) + 1, 4)
        np.testing.assert_allclose(inputs["bbox"][:-1] * 1000, sample.tokens[:, 4:], rtol=1e-6)
        assert inputs["bbox"].max() <= 1
        assert inputs["pixel_values"].shape == (3, 224, 224)


def test_inputs_of_udop_are_truncated_to_the_requested_length_and_keep_their_end_token(reuse):
    inputs = reuse["udop_inputs"](reuse["corpus"][0], max_tokens=5)
    assert len(inputs["input_ids"]) == len(inputs["bbox"]) == 5
    assert inputs["input_ids"][-1] == 1


def test_input_of_donut_is_a_folder_of_images_with_their_text(reuse, tmp_path):
    rows = datasets.load_dataset("imagefolder", data_dir="donut", split="train", cache_dir=str(tmp_path))
    pages = {text_of(sample.page()): sample.page() for sample in reuse["corpus"]}
    assert len(rows) == len(pages)
    for row in rows:
        page = pages[json.loads(row["ground_truth"])["gt_parse"]["text_sequence"]]
        assert row["image"].size == (page.image_width, page.image_height)


def text_of(page):
    rows = [[word.text for word in page.words if word.line == line] for line in range(len(page.lines))]
    return "\n".join(" ".join(row) for row in rows)


def test_the_token_array_of_the_snippet_equals_the_stored_one_for_the_same_tokenizer(reuse):
    np.testing.assert_array_equal(reuse["tokens"], reuse["corpus"][0].tokens)
