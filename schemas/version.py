"""The version of Folio. `setup.py` reads it, too."""

VERSION = "0.1.0"
