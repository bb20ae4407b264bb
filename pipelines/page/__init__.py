"""One page: the result of reading it (`reading`), and the pure function that turns this into a sample (`assemble`).

May import: `config`, `filters`, `lines`, `schemas`.
"""
