"""Measures the value ranges that scale the 8-bit copies of the recognisers.

python -m benchmarks.text.ocr_ranges > pipelines/ocr/networks/ranges.py

The engine reads generated documents, including scans, in floating point. The smallest and the largest input value of
each expensive layer are recorded.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
import pymupdf
from onnx import ValueInfoProto

from pipelines.ocr.line_reader import LineReader
from pipelines.ocr.networks.head import Best, best_classes
from pipelines.ocr.networks.model_folder import WEIGHTS
from pipelines.ocr.networks.quantise import costly_layers, load
from pipelines.ocr.networks.weights import QUICK_RECOGNISER, RECOGNISER, Published, packaged_folder
from pipelines.ocr.paddle import PaddleEngine
from pipelines.ocr.recognise import Recogniser
from pipelines.samples.document import make_document

DOCUMENTS = 21  # three of each kind
KINDS = ("receipt", "invoice", "form", "table_ruled", "table_unruled", "article", "letter")
DPI = 150
HEAD = '''"""Minimum and maximum of the inputs of the most expensive layers of the packaged recognisers.

Measured by `python -m benchmarks.text.ocr_ranges`.
"""

from __future__ import annotations'''


class Observed:
    """A packaged recogniser in floating point, which records the range of the inputs of its expensive layers."""

    def __init__(self, published: Published) -> None:
        model = load(packaged_folder(published) / WEIGHTS)
        names = dict.fromkeys(layer.input[0] for layer in costly_layers(model))
        self.ranges = dict.fromkeys(names, (0.0, 0.0))
        model.graph.output.extend(ValueInfoProto(name=name) for name in names)
        self._session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def __call__(self, strips: np.ndarray) -> Best:
        """Returns the best class of each column, as the recogniser does, and updates the ranges."""
        probabilities, *entering = self._session.run(None, {"x": strips})
        for (name, (least, greatest)), values in zip(list(self.ranges.items()), entering, strict=True):
            self.ranges[name] = min(least, float(values.min())), max(greatest, float(values.max()))
        return best_classes(probabilities)


def main() -> None:
    """Prints the module that holds the ranges."""
    engine = PaddleEngine(precision="f32")
    recogniser, quick = (
        Recogniser(Observed(published), known.alphabet)
        for published, known in ((RECOGNISER, engine.lines.recogniser), (QUICK_RECOGNISER, engine.lines.quick))
    )
    readers = LineReader(recogniser), LineReader(recogniser, quick)
    for index in range(DOCUMENTS):
        with pymupdf.open(stream=make_document(0, index, kinds=KINDS).pdf) as document:
            pixels = document[0].get_pixmap(dpi=DPI, colorspace="rgb", alpha=False)
        for engine.lines in readers:
            engine.examine(np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3)).words()
    print(HEAD)
    for name, observed in (("RECOGNISER_RANGES", recogniser.network), ("QUICK_RANGES", quick.network)):
        print(f"\n{name}: dict[str, tuple[float, float]] = {{")
        for tensor, (least, greatest) in observed.ranges.items():
            print(f'    "{tensor}": ({least:.4g}, {greatest:.4g}),')
        print("}")


if __name__ == "__main__":
    main()
