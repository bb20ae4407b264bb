"""Data sets of fields, one module each. A question asks for one key of a document, in `cord` for all of them.

May import: `trainer.tasks`, `schemas`.
"""
