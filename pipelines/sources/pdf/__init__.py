"""PDF as a page source: `document` reads pages, by the calls to MuPDF in `mupdf`.

`painted` and `text_layer` decide whether a text layer can be trusted.
"""

from pipelines.sources.pdf.document import PdfSource

SOURCE = PdfSource()
