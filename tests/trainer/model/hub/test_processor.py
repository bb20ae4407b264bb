"""The processor of an exported folder makes Folio's inputs, from images, boxes and questions of any kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer as Fast
from tokenizers import decoders, models, pre_tokenizers

from tests.trainer.pages import TINY, TOKENIZER
from tests.trainer.tasks.item_samples import item_sample
from trainer.model.docformer import DocFormerV2
from trainer.model.export import export_model
from trainer.model.hub.processor import DocFormerV2Processor
from trainer.model.page_canvas import page_patches
from trainer.tasks.answers.scores import anls_scores
from trainer.tasks.answers.task import Answers
from trainer.tasks.items import Item

SMALL = replace(TINY, d_model=32, d_ff=64, heads=2, encoder_layers=1, decoder_layers=1)
CONFIG = replace(SMALL, image_height=64, image_width=96)
BITS = np.random.default_rng(0).integers(0, 2, (64, 48)).astype(bool)  # black and white: exact in all modes
WORDS = [f"word{number}" for number in range(30)]
BOXES = [(10 * number, 20, 10 * number + 8, 30) for number in range(30)]
COLON = TOKENIZER.encode_words([":"])[0]


def task_of(max_text_tokens: int) -> Answers:
    sizes = {"max_text_tokens": max_text_tokens, "max_target_tokens": 8}
    return Answers(anls_scores, "anls", **sizes, reads_images=True, tokenizer=TOKENIZER, seed=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    record = {"task": "questions", "settings": task_of(48).record(), "boxes": "kept"}
    export_model(DocFormerV2(CONFIG), TOKENIZER, path, steps=1, task=record)
    return path


@pytest.fixture(scope="module")
def processor(folder):
    return DocFormerV2Processor.from_pretrained(str(folder))


def pixels_of(white: np.ndarray) -> torch.Tensor:
    page = page_patches(np.repeat(white[..., None] * np.uint8(255), 3, axis=2), CONFIG)
    canvas = np.empty((*page.canvas_size, 3), np.uint8)
    page.draw(canvas)
    return torch.from_numpy(canvas)[None]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
@pytest.mark.filterwarnings("error")
def test_a_pil_image_may_have_any_mode(processor, mode):
    grey = Image.fromarray(BITS.astype(np.uint8) * 255)
    deep = {"I;16": BITS * np.uint16(65_535), "I": BITS * np.int32(65_535), "F": BITS.astype(np.float32)}
    image = Image.fromarray(deep[mode]) if mode in deep else grey.convert("RGB").convert(mode)
    assert image.mode == mode
    assert torch.equal(processor(WORDS, BOXES, image)["images"], pixels_of(BITS))


@pytest.mark.parametrize("channels", [0, 3, 4])
@pytest.mark.filterwarnings("error")
def test_an_array_may_be_grey_have_colours_or_be_read_only(processor, channels):
    array = BITS * np.uint8(255)
    array = np.dstack([array] * 3 + [np.full_like(array, 255)] * (channels - 3)) if channels else array
    array.flags.writeable = False
    assert torch.equal(processor(WORDS, BOXES, array)["images"], pixels_of(BITS))


def test_transparent_parts_of_an_image_are_white(processor):
    colours = np.zeros((*BITS.shape, 4), np.uint8)
    colours[..., 3] = ~BITS * np.uint8(255)
    assert torch.equal(processor(WORDS, BOXES, Image.fromarray(colours))["images"], pixels_of(BITS))


def test_a_long_page_is_cut_to_the_first_window_of_folio(processor):
    sample = item_sample(WORDS, Item("a", {"question": "What is it?", "answers": []}), boxes=BOXES)
    first = task_of(48).windows(sample)[0]
    inputs = processor(WORDS, BOXES, question="What is it?")
    assert inputs["input_ids"][0].tolist() == first.input_ids.tolist()
    assert inputs["boxes"][0].tolist() == first.boxes.tolist()


def test_a_long_question_is_cut_before_its_separator_and_leaves_room_for_the_page(processor):
    ids = processor(WORDS, BOXES, question="total " * 400)["input_ids"][0].tolist()
    [total], page = TOKENIZER.encode_words(["total"])[0], [i for ids in TOKENIZER.encode_words(WORDS) for i in ids]
    assert ids == [*[total] * (48 - 1 - 8 - len(COLON)), *COLON, *page[:8], TOKENIZER.eos_id]


def test_boxes_may_be_floats_or_an_array_and_zeros_are_no_box(processor):
    boxes = np.array(BOXES, float) + 0.3
    boxes[1] = 0
    inputs = processor(WORDS, boxes)
    assert inputs["boxes"].dtype == torch.int64
    assert inputs["boxes"][0, 0].tolist() == list(BOXES[0])
    visible = dict(zip(map(tuple, inputs["boxes"][0].tolist()), inputs["box_visible"][0].tolist(), strict=True))
    assert visible[0, 0, 0, 0] is False
    assert visible[BOXES[0]] is True


def test_ids_are_decoded_from_lists_arrays_and_tensors(processor):
    ids = [0, *TOKENIZER.encode_words(["total"])[0], 1]
    for given in (ids, np.array(ids), torch.tensor(ids)):
        assert processor.decode(given) == "total"
        assert processor.decode(given, skip_special_tokens=False) != "total"
    assert processor.batch_decode([ids, [1]]) == processor.batch_decode(torch.tensor([ids, [0] * len(ids)]))
    assert processor.batch_decode([ids, [1]]) == ["total", ""]


def test_a_page_may_have_no_words(processor):
    assert processor([], [])["input_ids"].tolist() == [[TOKENIZER.eos_id]]


def test_words_of_a_byte_level_vocabulary_keep_their_space(folder, processor):
    fast = Fast(models.BPE({byte: number for number, byte in enumerate(pre_tokenizers.ByteLevel.alphabet())}, []))
    fast.pre_tokenizer, fast.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    files = {path.name: path.read_bytes() for path in folder.iterdir()} | {"tokenizer.json": fast.to_str().encode()}
    ids = DocFormerV2Processor(processor.config, files)(["to", "a"], BOXES[:2])["input_ids"][0, :-1]
    assert fast.decode(ids.tolist()) == " to a"
