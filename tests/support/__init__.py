"""Helpers for the tests of several folders: commands, documents, corpora, file systems, a browser."""
