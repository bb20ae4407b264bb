"""Uses a fine-tuned model on documents: reads their pages, asks the model, and shows where its answers stand.

May import: `run`, `data`, `tasks`, `model`, `schemas`. Pages are read by `pipelines.read_pages` in another process.
"""
