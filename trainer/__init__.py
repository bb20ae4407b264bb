"""The trainer: pretrains DocFormerv2 with DeepSpeed on corpora that `pipelines` built.

May import: `schemas`. It never imports `pipelines`.
"""
