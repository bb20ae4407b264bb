"""Invented names, numbers and prose for synthetic documents."""
