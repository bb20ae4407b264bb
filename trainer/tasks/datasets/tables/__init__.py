"""Data sets about tables in CSV files, one module each. The tables are drawn as pages (`schemas.table_file`).

May import: `trainer.tasks`, `schemas`.
"""
