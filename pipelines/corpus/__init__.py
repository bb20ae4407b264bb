"""A corpus on disk or in a bucket: its files, shards, manifest and checks; merging and retokenizing finished corpora.

May import: `report`, `page`, `config`, `runtime`, `schemas`.
"""
