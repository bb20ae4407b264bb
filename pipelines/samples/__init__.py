"""Synthetic documents with exact truth: the words, boxes and lines of every page that they draw.

`document.make_document(seed, index)` draws one; `python -m pipelines.samples` writes a folder of them.
A layout is a function `(rng, theme) -> Canvas`; the canvas notes words and lines while they are drawn, so the truth is
what was printed and not what some reader made of it.
"""
