"""One module per kind of synthetic document. Each draws the pages of its kind on a canvas."""
