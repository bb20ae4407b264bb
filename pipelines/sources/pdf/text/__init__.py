"""The text layer of a page.

`runs` reads MuPDF's characters, `text_layer` cuts them to words without `copies`, and `visible` finds words that nobody
sees. `trust`, `painted` and `font_check` decide whether `--text_source auto` uses the layer.
"""
