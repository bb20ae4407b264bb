"""Printed pages: a canvas that records words and strokes, fonts, tables, and the PDF pages that show them.

`table` draws the rows of a table; `table_pages` lays out a table of any size. Units are points.

May import: `schemas`.
"""
