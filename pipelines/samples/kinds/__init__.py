"""One file for each kind of synthetic document: it draws pages on a canvas."""
