"""The processor of the `transformers` library: makes the inputs of the model from a page, as Folio does.

Folio itself does not import this module: `bundle` copies its text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer as FastTokenizer
from torch import Tensor
from transformers import BatchFeature
from transformers.utils import cached_file

from schemas.support.fast_tokenizer import space_before_words, word_ids
from schemas.support.image_colours import to_eight_bits
from trainer.model.hub.wrapper import DocFormerV2Config
from trainer.model.page_canvas import page_patches
from trainer.model.question import question_ids

READ_FILES = ("tokenizer.json", "processor_config.json")
KEPT_FILES = ("task.json", "spiece.model")  # Folio needs them in a folder of `save_pretrained`
NO_BOX = (0, 0, 0, 0)


class DocFormerV2Processor:
    """Makes the inputs of one page from its words, their boxes and its image.

    Args:
        config: the settings of the network.
        files: the contents of `READ_FILES`, and of `KEPT_FILES` where there are such, by name.

    Attributes:
        max_text_tokens: longest text: question, page and end.
        reads_images: whether the model was trained with images; if not, images are ignored.
        reads_boxes: whether the model was trained with the boxes of words; if not, boxes are ignored.
    """

    def __init__(self, config: DocFormerV2Config, files: Mapping[str, bytes]) -> None:
        self.config, self._files = config, dict(files)
        tokenizer, settings = (self._files[name].decode() for name in READ_FILES)
        found = json.loads(settings)
        self.max_text_tokens: int = found["max_text_tokens"]
        self.reads_images: bool = found["reads_images"]
        self.reads_boxes: bool = found["reads_boxes"]
        self.tokenizer = FastTokenizer.from_str(tokenizer)
        self.tokenizer.no_truncation()
        self.tokenizer.encode_special_tokens = True  # as in `schemas.tokenizer`: the text "[PAD]" is a word
        self._space = space_before_words(self.tokenizer)

    @classmethod
    def from_pretrained(cls, folder: str, **options: Any) -> DocFormerV2Processor:
        """Opens the processor of an exported model: a folder, or a name on the hub."""
        known = ("revision", "token", "cache_dir", "local_files_only")
        options = {name: options[name] for name in known if name in options}
        config = DocFormerV2Config.from_pretrained(folder, **options)
        files = {name: Path(str(cached_file(folder, name, **options))).read_bytes() for name in READ_FILES}
        for name in KEPT_FILES:
            with suppress(OSError):  # there is none
                files[name] = Path(str(cached_file(folder, name, **options))).read_bytes()
        return cls(config, files)

    @classmethod
    def register_for_auto_class(cls, auto_class: str = "AutoProcessor") -> None:
        """Does nothing: the exported folder names the class."""

    def save_pretrained(self, folder: str | Path, **_: Any) -> None:
        """Writes tokenizer and settings, and what Folio needs to answer with the model."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, data in self._files.items():
            Path(folder, name).write_bytes(data)

    def __call__(
        self, words: Sequence[str], boxes: Sequence[Sequence[float]], image: Any = None, question: str = ""
    ) -> BatchFeature:
        """Returns the inputs of the model for one page. A page that is too long is cut at its end.

        Args:
            words: in reading order.
            boxes: x0, y0, x1, y1 of each word in thousandths of the page; zeros: the word has no box.
            image: a PIL image in any mode, or an array (h, w), (h, w, 3) or (h, w, 4) uint8; None: only text is read.
            question: is put in front of the words, and cut if it leaves no room for them, as in fine-tuning.
        """
        size = self.max_text_tokens - 1
        head = question_ids(question, self._ids, size) if question else []
        pairs = zip(self._ids(list(words)), boxes, strict=True)
        page = [(piece, self._place(box)) for pieces, box in pairs for piece in pieces][: size - len(head)]
        ids = [*head, *(piece for piece, _ in page), self.config.eos_id]
        places = [*[NO_BOX] * len(head), *(place for _, place in page), NO_BOX]
        text = {"input_ids": ids, "attention_mask": [1] * len(ids), "boxes": places}
        inputs = {name: torch.tensor([value]) for name, value in text.items()}
        return BatchFeature({**inputs, "box_visible": inputs["boxes"].any(dim=-1), **self._patches(image)})

    def decode(self, ids: Tensor | Iterable[int], skip_special_tokens: bool = True) -> str:
        """Returns the text of generated ids (t,)."""
        return self.tokenizer.decode([int(i) for i in ids], skip_special_tokens=skip_special_tokens).strip()

    def batch_decode(self, rows: Tensor | Iterable[Iterable[int]], skip_special_tokens: bool = True) -> list[str]:
        """Returns the text of each row of generated ids (b, t)."""
        return [self.decode(row, skip_special_tokens) for row in rows]

    def _ids(self, words: list[str]) -> list[list[int]]:
        return word_ids(self.tokenizer, words, self._space)

    def _place(self, box: Sequence[float]) -> tuple[int, ...]:
        return tuple(round(side) for side in box) if self.reads_boxes else NO_BOX

    def _patches(self, image: Any) -> dict[str, Tensor]:
        if image is None or not self.reads_images:
            return {}
        picture = image if isinstance(image, Image.Image) else Image.fromarray(np.asarray(image))
        pixels = np.array(to_eight_bits(picture).convert("RGB"))  # (h, w, 3) uint8
        page = page_patches(pixels, self.config.network())
        if page is None:
            return {}
        canvas = np.empty((*page.canvas_size, 3), np.uint8)
        page.draw(canvas)
        return {
            "images": torch.from_numpy(canvas)[None],
            "patch_boxes": torch.from_numpy(page.boxes.copy())[None].long(),
            "patch_visible": torch.from_numpy(page.visible.copy())[None],
        }
