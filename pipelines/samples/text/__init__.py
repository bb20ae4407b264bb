"""Invented names, numbers and prose for the synthetic documents."""
