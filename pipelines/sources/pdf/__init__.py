"""PDF as a page source: `document` reads pages, `mupdf` opens and renders them.

`painted` and `text_layer` decide whether a text layer can be trusted.
"""

from pipelines.sources.pdf.document import PdfSource

SOURCE = PdfSource()
