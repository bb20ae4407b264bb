"""Builds on cluster runners and object stores. Each corpus must equal that of a local build."""
