"""Text from pixels: the protocol of an OCR engine, and the engines. The entry point is `engine`.

May import: `lines`, `schemas`.
"""
