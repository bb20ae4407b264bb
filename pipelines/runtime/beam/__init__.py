"""Apache Beam: a job as a single chain, the runners that its flags can choose, and what each runner needs.

May import: the rest of `runtime`, `schemas`.
"""
