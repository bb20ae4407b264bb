"""Joins modules into one self-contained file, `modeling_docformer_v2.py`, and writes what `transformers` needs with it.

The network has one source: this file is made from the modules that Folio itself runs.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.version import VERSION
from trainer.model.config import ModelConfig

MODULE = "modeling_docformer_v2"
MAX_TEXT_TOKENS = 512  # of a page that the processor makes for a model that was only pretrained
MAX_NEW_TOKENS = 64  # likewise of the text that `generate` makes
ROOT = Path(__file__).parents[3]
SOURCES = (
    "schemas/errors.py",
    "schemas/geometry.py",
    "schemas/support/fast_tokenizer.py",
    "schemas/support/image_colours.py",
    *(f"trainer/model/{name}.py" for name in ("config", "batch", "outcome", "output_layer", "layers", "embeddings")),
    *(f"trainer/model/{name}.py" for name in ("page_canvas", "docformer", "question", "hub/wrapper", "hub/processor")),
)
OURS = ("schemas", "trainer")
HEAD = f'''"""DocFormerV2 for the transformers library, written by Folio {VERSION}. Licence: Apache-2.0.

    model = AutoModelForSeq2SeqLM.from_pretrained(FOLDER, trust_remote_code=True)
    processor = AutoProcessor.from_pretrained(FOLDER, trust_remote_code=True)
    inputs = processor(words, boxes, image, question="What is the total?")
    print(processor.decode(model.generate(**inputs)[0]))
"""
'''


def hub_config(pad_id: int, eos_id: int) -> dict[str, Any]:
    """Returns the keys of `config.json` that only `transformers` reads."""
    return {
        "architectures": ["DocFormerV2ForConditionalGeneration"],
        "auto_map": {
            "AutoConfig": f"{MODULE}.DocFormerV2Config",
            "AutoModelForSeq2SeqLM": f"{MODULE}.DocFormerV2ForConditionalGeneration",
            "AutoProcessor": f"{MODULE}.DocFormerV2Processor",
        },
        "is_encoder_decoder": True,
        "tie_word_embeddings": True,
        "pad_token_id": pad_id,
        "eos_token_id": eos_id,
        "decoder_start_token_id": pad_id,
    }


def write_hub_files(folder: Path, config: ModelConfig, task: Mapping[str, Any] | None) -> None:
    """Writes the code, and the settings of the processor and of `generate`.

    Args:
        folder: of the exported model.
        config: the settings of the network.
        task: see `trainer.model.export.export_model`.
    """
    (folder / f"{MODULE}.py").write_text(bundled_source(), encoding="utf-8")
    settings = {} if task is None else task["settings"]
    processor = {
        "processor_class": "DocFormerV2Processor",
        "auto_map": {"AutoProcessor": f"{MODULE}.DocFormerV2Processor"},
        "max_text_tokens": settings.get("max_text_tokens", MAX_TEXT_TOKENS),
        "reads_images": settings.get("reads_images", True),
        "reads_boxes": task is None or task.get("boxes") != "removed",
    }
    generation = {
        "decoder_start_token_id": config.pad_id,
        "pad_token_id": config.pad_id,
        "eos_token_id": config.eos_id,
        "max_new_tokens": settings.get("max_target_tokens", MAX_NEW_TOKENS),
    }
    for name, values in (("processor_config.json", processor), ("generation_config.json", generation)):
        (folder / name).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def bundled_source() -> str:
    """Returns the source of the self-contained file."""
    imports: dict[str, None] = {}
    bodies = []
    for name in SOURCES:
        found, body = _split((ROOT / name).read_text(encoding="utf-8"))
        imports.update(dict.fromkeys(found))
        bodies.append(f"# {name}\n\n{body}")
    future = "from __future__ import annotations"
    others = sorted(line for line in imports if line != future)
    return "\n".join([HEAD, future, "", *others, "", "", "\n\n\n".join(bodies)]) + "\n"


def _split(source: str) -> tuple[list[str], str]:
    """Returns the imports of a module except ours, and its text without imports and without its docstring."""
    lines = source.splitlines()
    imports: list[str] = []
    for number, node in enumerate(ast.parse(source).body):
        is_docstring = number == 0 and isinstance(node, ast.Expr)
        if not (is_docstring or isinstance(node, (ast.Import, ast.ImportFrom))):
            continue
        if isinstance(node, ast.Import) or (
            isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] not in OURS
        ):
            imports.append(ast.unparse(node))
        for line in range(node.lineno - 1, node.end_lineno or node.lineno):
            lines[line] = "\0"
    return imports, "\n".join(line for line in lines if line != "\0").strip("\n")
