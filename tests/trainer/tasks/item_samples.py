"""Pages with items, made of words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schemas import Box, Line, Page, Tokenizer, Word, encode_sample, load_tokenizer
from schemas.geometry import hull
from schemas.sample import decode_tokens
from trainer.tasks.items import Item, ItemSample

TOKENIZER: Tokenizer = load_tokenizer()


def item_sample(
    texts: Sequence[str], item: Item, sources: Sequence[int] | None = None, boxes: Sequence[Box] | None = None
) -> ItemSample:
    """Returns a page of one line without an image.

    Args:
        texts: the words.
        item: what is asked about the page.
        sources: the given word that each word comes from; None: there are no given words.
        boxes: of the words; None: all stand at the same place.
    """
    numbers = [-1] * len(texts) if sources is None else sources
    places = [(0, 0, 10, 10)] * len(texts) if boxes is None else boxes
    words = tuple(Word(text, box, 1.0, 0, i) for text, box, i in zip(texts, places, numbers, strict=True))
    facts = {"key": "k", "uri": "u", "doc_sha256": "0" * 64, "page": 1, "pages": 1, "width_pt": 1.0, "height_pt": 1.0}
    facts |= {"image_width": 1, "image_height": 1, "rotation": 0, "skew_deg": 0.0, "text_source": "pdf"}
    lines = (Line(hull([(0, 0, 10, 10), *places])),)
    page = Page(**facts, ocr_engine="", ocr_model="", ocr_version="", words=words, lines=lines)
    rows = [[p, i, 0, 0, *places[i]] for i, ids in enumerate(TOKENIZER.encode_words(texts)) for p in ids]
    members = encode_sample(page, b"", np.array(rows, np.int32).reshape(-1, 8))
    return ItemSample(item.id, b"", members["json"], decode_tokens(members["tokens.npy"]), item, 0)
