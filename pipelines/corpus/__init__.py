"""A corpus on disk or in a bucket: its files, shards, manifest, checks, and what is done with finished corpora.

May import: `report`, `page`, `config`, `runtime`, `schemas`.
"""
