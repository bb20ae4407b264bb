"""Script: opens an exported model by `transformers` in a process that cannot import Folio, and saves what it computes.

python without_folio.py MODEL INPUTS RESULTS: the inputs are `words`, `boxes`, `image` and `question`.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

if __name__ == "__main__":
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoProcessor

    class NoFolio(MetaPathFinder):
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name.split(".")[0] in ("schemas", "pipelines", "trainer", "tests"):
                raise ImportError(f"{name} is Folio")

    sys.meta_path.insert(0, NoFolio())
    folder, given, results = sys.argv[1:]
    page = torch.load(given, weights_only=False)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, trust_remote_code=True).eval()
    processor = AutoProcessor.from_pretrained(folder, trust_remote_code=True)
    inputs = processor(page["words"], page["boxes"], page["image"], page["question"])
    ids = torch.tensor([[0, 5, 6, 7]])
    with torch.no_grad():
        logits = model(**inputs, decoder_input_ids=ids).logits
    greedy = model.generate(**inputs, max_new_tokens=6, do_sample=False)
    beams = model.generate(**inputs, max_new_tokens=6, do_sample=False, num_beams=3, early_stopping="never")
    again = Path(results).parent / "saved"
    model.save_pretrained(again)
    processor.save_pretrained(again)
    copy = AutoModelForSeq2SeqLM.from_pretrained(again, trust_remote_code=True).eval()
    with torch.no_grad():
        same = torch.equal(copy(**inputs, decoder_input_ids=ids).logits, logits)
    loss = model(**inputs, labels=ids).loss
    loss.backward()
    torch.save(
        {"inputs": inputs, "logits": logits, "greedy": greedy, "beams": beams, "same": same, "loss": loss.item()},
        results,
    )
