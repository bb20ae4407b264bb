"""Runs `pipelines.build_corpus` with the faulty engine instead of OCR. Everything else is the product's code."""

from __future__ import annotations

from pipelines import build_corpus
from pipelines.build import jobs
from pipelines.runtime.command import leave
from tests.chaos.engine import FaultyPageBuilderFactory

if __name__ == "__main__":
    jobs.PageBuilderFactory = FaultyPageBuilderFactory
    leave(build_corpus.main())
