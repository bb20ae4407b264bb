"""One page: what reading it yields (`reading`), and the pure function that makes a sample of it (`assemble`).

May import: `config`, `filters`, `lines`, `schemas`.
"""
