"""The text of a page: cost and quality of OCR, the choice between text layer and OCR, the orientation of pages,
visual lines and reading order."""
