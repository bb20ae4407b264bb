"""PDF as a page source: `document` reads pages, `mupdf` opens and renders them, `page_box` corrects their size.

`text` is the text layer and whether it can be trusted. `checks` finds protection, damage and placeholders.
"""

from pipelines.sources.pdf.document import PdfSource

SOURCE = PdfSource()
