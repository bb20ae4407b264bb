"""Script: opens exported models by `transformers` in a process that cannot import Folio, and saves what they compute.

python without_folio.py FOLDER...: each folder has `model` and `page.pt` (`words`, `boxes`, `image`, `question`). It
gets `result.pt` and `saved`.
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
    ids = torch.tensor([[0, 5, 6, 7]])
    for folder in map(Path, sys.argv[1:]):
        page = torch.load(folder / "page.pt", weights_only=False)
        model = AutoModelForSeq2SeqLM.from_pretrained(folder / "model", trust_remote_code=True).eval()
        processor = AutoProcessor.from_pretrained(folder / "model", trust_remote_code=True)
        inputs = processor(page["words"], page["boxes"], page["image"], page["question"]).to("cpu")
        with torch.no_grad():
            logits = model(**inputs, decoder_input_ids=ids).logits
        greedy = model.generate(**inputs)
        beams = model.generate(**inputs, max_new_tokens=6, num_beams=3, early_stopping="never")
        model.save_pretrained(folder / "saved")
        processor.save_pretrained(folder / "saved")
        again = AutoProcessor.from_pretrained(folder / "saved", trust_remote_code=True)
        inputs = again(page["words"], page["boxes"], page["image"], page["question"])
        copy = AutoModelForSeq2SeqLM.from_pretrained(folder / "saved", trust_remote_code=True).eval()
        with torch.no_grad():
            same = torch.equal(copy(**inputs, decoder_input_ids=ids).logits, logits)
        loss = model(**inputs, labels=ids).loss
        loss.backward()
        result = {"inputs": dict(inputs), "logits": logits, "greedy": greedy, "beams": beams, "same": same}
        text = processor.decode(greedy[0], skip_special_tokens=True)
        torch.save({**result, "text": text, "loss": loss.item()}, folder / "result.pt")
