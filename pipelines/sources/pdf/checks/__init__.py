"""What is wrong with a document or a page: `protection`, `damage`, or only a `placeholder` instead of content.

`page_check` looks at a page after it was drawn.
"""
