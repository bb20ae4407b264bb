"""Builds on runners and object stores that clusters have; each corpus must be the one that a local build makes."""
