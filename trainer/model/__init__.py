"""The DocFormerv2 network: its sizes, input tensors and outcomes, and the export and import of its weights.

May import: `schemas`. This package knows no task, no settings and no corpus.
"""
