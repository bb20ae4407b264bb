"""Apache Beam: one job as a chain, the runners that its flags choose, and what each of them needs.

May import: the rest of `runtime`, `schemas`.
"""
