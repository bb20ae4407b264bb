"""Text from pixels: the protocol of an OCR engine, and the engines. `engine` is the way in.

May import: `lines`, `schemas`.
"""
