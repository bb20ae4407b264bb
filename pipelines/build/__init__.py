"""Building a corpus: find documents, inspect them, plan work units, build a shard from each.

May import: every other folder of `pipelines`.
"""
