"""DocFormerv2 and what belongs to the network alone: its sizes, input tensors, outcomes, export and import of weights.

May import: `schemas`. It knows no task, no settings and no corpus.
"""
