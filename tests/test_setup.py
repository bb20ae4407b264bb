"""The packages: which libraries the import of each part loads, and what each part may import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.commands import ROOT


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("schemas", ["torch", "apache_beam", "paddleocr", "pymupdf", "cv2", "sentencepiece", "tokenizers"]),
        ("pipelines.build.pages", ["torch", "apache_beam", "paddleocr", "paddlex"]),
        ("pipelines.build_corpus", ["torch", "paddleocr", "paddlex", "onnxruntime"]),
        ("trainer.pretrain", ["apache_beam", "pymupdf", "paddleocr", "matplotlib.pyplot"]),
    ],
)
def test_importing_a_part_does_not_load_packages_that_only_other_parts_need(module, heavy):
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_the_parts_import_only_what_the_layering_allows():
    allowed = {"schemas": {"schemas"}, "pipelines": {"schemas", "pipelines"}, "trainer": {"schemas", "trainer"}}
    for part, may_import in allowed.items():
        for path in (ROOT / part).rglob("*.py"):
            lines = path.read_text().splitlines()
            words = [line.split() for line in lines if line.lstrip().startswith(("import ", "from "))]
            ours = {word[1].partition(".")[0] for word in words} & {"schemas", "pipelines", "trainer", "tests"}
            assert ours <= may_import, path
