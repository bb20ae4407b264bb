"""Synthetic documents with exact truth: the words, boxes and lines of every page.

`document.make_document(seed, index)` draws one document. `python -m pipelines.samples` writes a folder of them.
A kind is a function `(rng) -> Canvas` (`pipelines.drawing`). The canvas records words and lines while they are drawn.
The truth is therefore what was printed, and not what a reader made of it.
"""
